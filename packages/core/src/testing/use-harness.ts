import { afterEach, beforeEach } from '@jest/globals';

interface Closable {
  close(): Promise<void>;
}

/** An empty store for every test of the surrounding `describe`, closed after it. */
export function useHarness<H extends Closable>(open: () => Promise<H>): () => H {
  let harness: H | undefined;
  beforeEach(async () => {
    harness = await open();
  });
  afterEach(async () => {
    const opened = harness;
    harness = undefined;
    await opened?.close();
  });
  return () => {
    if (harness === undefined) throw new Error('the harness is open only while a test runs');
    return harness;
  };
}

/** An empty store for one run of a property, closed after it. */
export async function withHarness<H extends Closable>(
  open: () => Promise<H>,
  run: (harness: H) => Promise<void>,
): Promise<void> {
  const harness = await open();
  try {
    await run(harness);
  } finally {
    await harness.close();
  }
}
