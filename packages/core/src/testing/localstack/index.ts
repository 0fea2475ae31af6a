export { type LocalStack, startLocalStack } from './localstack.ts';
export { useLocalStack } from './use-localstack.ts';
