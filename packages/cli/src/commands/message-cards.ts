/** Everything about single messages, a field a line. */

import type { MessageView } from '../api-shapes.ts';
import { cleanText, formatAmount, formatTime } from '../term/format.ts';
import { type Style, styleStatus } from '../term/style.ts';

/** A block of lines for each message, a blank line between them. */
export function renderCards(messages: readonly MessageView[], style: Style): string {
  return messages.map((message) => renderCard(message, style)).join('\n');
}

function renderCard(message: MessageView, style: Style): string {
  const reason = message.reason === null ? '' : ` (${cleanText(message.reason)})`;
  const title = `${style('bold', cleanText(message.messageId))}  ${styleStatus(style, cleanText(message.status))}${reason}`;
  const fields = fieldsOf(message);
  const width = Math.max(...fields.map(([name]) => name.length));
  const lines = fields.map(([name, value]) => `  ${style('dim', name.padEnd(width))}  ${value}`);
  return [title, ...lines].map((line) => `${line}\n`).join('');
}

function fieldsOf(message: MessageView): (readonly [name: string, value: string])[] {
  return [
    ['sender', cleanText(message.senderId)],
    ['target', cleanText(message.targetUrl)],
    // Not as local time: it is a part of what names the message.
    ['timestamp', cleanText(message.timestamp)],
    ['attempts', describeAttempts(message)],
    ['accepted', formatTime(message.acceptedAt)],
    ['updated', formatTime(message.updatedAt)],
    ...(message.nextAttemptAt === null ? [] : [waitField(message.status, message.nextAttemptAt)]),
    ...(message.nextAttemptAt === null ? [] : [['expires', formatTime(message.expiresAt)] as const]),
    ...(message.lastError === null ? [] : [['last error', describeLastError(message.lastError)] as const]),
  ];
}

/** While an attempt runs, its lease is what is waited for. */
function waitField(status: string, at: string): readonly [name: string, value: string] {
  return [status === 'PROCESSING' ? 'lease until' : 'next attempt', formatTime(at)];
}

function describeAttempts(message: MessageView): string {
  const plan = `${message.attempts}/${message.maxAttempts}`;
  if (message.replays === 0) return plan;
  return `${plan} (${message.totalAttempts} in all, ${formatAmount(message.replays, 'replay')})`;
}

function describeLastError(error: NonNullable<MessageView['lastError']>): string {
  const text = cleanText(error.message);
  const code = error.statusCode === null ? '' : `HTTP ${error.statusCode}`;
  const what = code === '' || text.includes(code) ? text : `${code}: ${text}`;
  return `${what}, at ${formatTime(error.at)}`;
}
