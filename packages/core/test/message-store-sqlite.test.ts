import {
  describeMessageStore,
  describeMessageStoreExamples,
  describeMessageStoreSequences,
} from '@millrace/core/testing';
import { openSqliteHarness } from './support/sqlite-harness.ts';

describeMessageStore('SQLite on the caller’s thread', () => openSqliteHarness({ thread: false }));
describeMessageStoreExamples('SQLite that hands new messages over', () => openSqliteHarness({ handOff: true }));
describeMessageStoreSequences('SQLite that hands new messages over', () => openSqliteHarness({ handOff: true }));
describeMessageStoreSequences('SQLite on the caller’s thread', () => openSqliteHarness({ thread: false }), {
  workers: 3,
});
describeMessageStoreExamples('SQLite on a thread of its own', () => openSqliteHarness({ thread: true }));
