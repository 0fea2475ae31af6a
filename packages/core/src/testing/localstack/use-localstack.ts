import { afterAll, beforeAll } from '@jest/globals';
import { type LocalStack, type LocalStackOptions, startLocalStack } from './localstack.ts';

/** Milliseconds; pulling the image, once, takes most of it. */
const START_TIMEOUT_MS = 300_000;

/** A LocalStack of their own for all tests of the surrounding `describe` or file. */
export function useLocalStack(options: LocalStackOptions = {}): () => LocalStack {
  let running: LocalStack | undefined;
  beforeAll(async () => {
    running = await startLocalStack(options);
  }, START_TIMEOUT_MS);
  afterAll(() => running?.stop());
  return () => {
    if (running === undefined) throw new Error('LocalStack runs only while tests run');
    return running;
  };
}
