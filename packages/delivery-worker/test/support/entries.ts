import type { Entry } from '@millrace/core';
import { anEntry } from '@millrace/core/testing';

/** What tests call a message by. */
export const idOf = (entry: Pick<Entry, 'identity'>): string => entry.identity.messageId;

export const entryTo = (origin: string, messageId: string): Entry =>
  anEntry({ messageId, targetUrl: `${origin}/hooks` });

export const entryNamed = (messageId: string): Entry => anEntry({ messageId });

export const entriesNamed = (...names: readonly string[]): Entry[] => names.map(entryNamed);
