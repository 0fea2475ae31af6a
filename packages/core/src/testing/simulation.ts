/** Parts of a system that a simulation moves by itself: no servers, no timers, no files. */

export { type DisorderOptions, disorder } from './aws/sqs-server/disorder.ts';
export { createQueue, type Queue, type Received } from './aws/sqs-server/queue.ts';
export { createMemoryDatabase, type MemoryDatabase, type MemoryRow, type ToDisk } from './memory-database.ts';
