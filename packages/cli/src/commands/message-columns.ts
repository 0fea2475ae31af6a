/** The columns that tables of messages are made of. */

import type { MessageView } from '../api-shapes.ts';
import { cleanText, formatTime } from '../term/format.ts';
import { type Style, styleStatus } from '../term/style.ts';
import type { Column } from '../term/table.ts';

type MessageColumn = Column<MessageView>;

export function statusColumn(style: Style): MessageColumn {
  const text = (message: MessageView) => cleanText(message.status);
  return { title: 'STATUS', text, paint: (cell, message) => cell.replace(text(message), (s) => styleStatus(style, s)) };
}

export const acceptedColumn: MessageColumn = {
  title: 'ACCEPTED',
  text: (message) => formatTime(message.acceptedAt),
  dropOrder: 3,
};

/** A dead letter changes last when it fails. */
export const failedAtColumn: MessageColumn = { title: 'FAILED AT', text: (message) => formatTime(message.updatedAt) };

export const idColumn: MessageColumn = {
  title: 'MESSAGE',
  text: (message) => cleanText(message.messageId),
  shrink: { to: 12, keep: 'ends', order: 3 },
};

export const senderColumn: MessageColumn = {
  title: 'SENDER',
  text: (message) => cleanText(message.senderId),
  shrink: { to: 8, keep: 'ends', order: 4 },
  dropOrder: 2,
};

export const attemptsColumn: MessageColumn = {
  title: 'TRIES',
  text: (message) => `${message.attempts}/${message.maxAttempts}`,
  align: 'right',
  dropOrder: 1,
};

export const targetColumn: MessageColumn = {
  title: 'TARGET',
  text: (message) => cleanText(message.targetUrl),
  shrink: { to: 20, keep: 'ends', order: 1 },
};

export const reasonColumn: MessageColumn = { title: 'REASON', text: (message) => cleanText(message.reason ?? '') };

export const lastErrorColumn: MessageColumn = {
  title: 'LAST ERROR',
  text: (message) => cleanText(message.lastError?.message ?? ''),
  shrink: { to: 10, keep: 'start', order: 2 },
};
