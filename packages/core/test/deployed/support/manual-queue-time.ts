/**
 * The queues of a real SQS under a clock that a test moves. Its delays and visibility follow the machine's clock, and
 * cannot be moved: what is received stays hidden by SQS until the test's clock says that it comes again, and a delay is
 * a note on the message, which is hidden like that until it is over. All the rest is SQS.
 */

import {
  ChangeMessageVisibilityBatchCommand,
  type DeleteMessageBatchCommandInput,
  type Message,
  type ReceiveMessageCommandInput,
  type ReceiveMessageCommandOutput,
  type SendMessageBatchCommandInput,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Clock } from '@millrace/core';

/** Seconds that queues must hide what was received: so long that the machine's clock never shows it. */
export const HIDDEN_SECONDS = 43_200;

const HELD_UNTIL = 'held-until';
const BATCH_ENTRIES = 10;

interface Hidden {
  readonly queueUrl: string;
  /** Epoch milliseconds. */
  readonly until: number;
}

/**
 * Puts the client's queues under the clock, for as long as the client lives.
 *
 * @param visibilityMs how long what was received stays hidden
 */
export function useManualQueueTime(client: SQSClient, clock: Clock, visibilityMs: number): void {
  const hidden = new Map<string, Hidden>();

  /** Shows again what is hidden no longer. */
  async function release(queueUrl: string): Promise<void> {
    const due = [...hidden].filter(([, { queueUrl: url, until }]) => url === queueUrl && until <= clock.now());
    for (let start = 0; start < due.length; start += BATCH_ENTRIES) {
      const Entries = due.slice(start, start + BATCH_ENTRIES).map(([ReceiptHandle], id) => ({
        Id: String(id),
        ReceiptHandle,
        VisibilityTimeout: 0,
      }));
      await client.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl: queueUrl,
          Entries,
        }),
      );
    }
  }

  function noteDelay({ DelaySeconds = 0, ...entry }: SendMessageBatchRequestEntry): SendMessageBatchRequestEntry {
    if (DelaySeconds === 0) return entry;
    const StringValue = String(clock.now() + DelaySeconds * 1_000);
    const note = { [HELD_UNTIL]: { DataType: 'Number', StringValue } };
    return {
      ...entry,
      MessageAttributes: { ...entry.MessageAttributes, ...note },
    };
  }

  /** @returns those that are due; the others stay hidden for now */
  function sift(queueUrl: string, messages: readonly Message[]): Message[] {
    return messages.filter(({ ReceiptHandle = '', MessageAttributes }) => {
      const heldUntil = Number(MessageAttributes?.[HELD_UNTIL]?.StringValue ?? 0);
      const isDue = heldUntil <= clock.now();
      hidden.set(ReceiptHandle, {
        queueUrl,
        until: isDue ? clock.now() + visibilityMs : heldUntil,
      });
      return isDue;
    });
  }

  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        switch (commandName) {
          case 'SendMessageBatchCommand': {
            const input = args.input as SendMessageBatchCommandInput;
            return await next({
              ...args,
              input: { ...input, Entries: input.Entries?.map(noteDelay) },
            });
          }
          case 'ReceiveMessageCommand': {
            const { QueueUrl = '', ...input } = args.input as ReceiveMessageCommandInput;
            await release(QueueUrl);
            for (;;) {
              const result = await next({
                ...args,
                input: {
                  ...input,
                  QueueUrl,
                  MessageAttributeNames: [HELD_UNTIL],
                },
              });
              const output = result.output as ReceiveMessageCommandOutput;
              const Messages = sift(QueueUrl, output.Messages ?? []);
              const mayHaveMore = Messages.length === 0 && output.Messages !== undefined;
              if (!mayHaveMore) return { ...result, output: { ...output, Messages } };
            }
          }
          case 'DeleteMessageBatchCommand':
          case 'ChangeMessageVisibilityBatchCommand': {
            const { Entries = [] } = args.input as Pick<DeleteMessageBatchCommandInput, 'Entries'>;
            for (const { ReceiptHandle = '' } of Entries) hidden.delete(ReceiptHandle);
            return await next(args);
          }
          default:
            return await next(args);
        }
      },
    { step: 'initialize', name: 'manualQueueTime' },
  );
}
