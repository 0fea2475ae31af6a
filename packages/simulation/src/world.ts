import type { Counts, Entry, PayloadStore } from '@millrace/core';
import type { AccountingReport } from '@millrace/core/aws';
import type { Front } from './front.ts';
import type { Process } from './process.ts';

/** A whole system under simulation, without its clients and targets. */
export interface SimWorld extends Front {
  /** Of the large bodies. */
  readonly payloads: Pick<PayloadStore, 'hold' | 'put'>;
  /** Those that run now, in a fixed order. */
  processes(): readonly Pick<Process, 'die' | 'pause' | 'skew' | 'setClock'>[];
  /** Brings an entry without a message into the queue, where there is one. */
  addOrphan(entry: Entry, onAdded: () => void): void;
  /** From now on nothing dies or is late any more. */
  calm(): void;
  /** The store's own books, and what it calls overdue. */
  counts(): Promise<Counts & Partial<Pick<AccountingReport, 'missing' | 'overdueSamples'>>>;
  /** What people were told of dead letters; undefined where there is no such place. */
  letters(): readonly { readonly name: string; readonly reason: string }[] | undefined;
  close(): void;
}
