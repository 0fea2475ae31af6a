export { type Backend, testNeeding } from './aws/test-needing.ts';
export * from './factories.ts';
export * from './manual-clock.ts';
export * from './message-store-conformance.ts';
export * from './message-store-harness.ts';
export * from './message-store-steps.ts';
export * from './object-store-conformance.ts';
export * from './object-store-harness.ts';
export * from './use-harness.ts';
