/**
 * DynamoDB, SQS and parameters of SSM without latency, in place of the connections of the SDK's clients: every write succeeds, and
 * conditions always hold. The clients themselves work as they do: serialising, signing, checking, parsing.
 */

import { hash } from 'node:crypto';

type Item = Record<string, unknown>;

interface Request {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface InstantAws {
  /** For the clients of the SDK. */
  readonly requestHandler: {
    handle(request: Request): Promise<{ readonly response: Answer }>;
    destroy(): void;
    updateHttpClientConfig(): void;
    httpHandlerConfigs(): Record<string, never>;
  };
  /** Bodies of the messages that were sent since the last time, to any queue. */
  takeSent(): string[];
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

interface Input {
  readonly Name?: string;
  readonly Value?: string;
  readonly Item?: Item;
  readonly Key?: Item;
  readonly UpdateExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, { readonly N?: string }>>;
  readonly Entries?: readonly { readonly Id: string; readonly MessageBody: string }[];
}

export function createInstantAws(): InstantAws {
  const items = new Map<string, Item>();
  const parameters = new Map<string | undefined, string | undefined>();
  let sent: string[] = [];

  function answerTo(action: string, input: Input): object {
    switch (action) {
      case 'DynamoDB_20120810.PutItem':
        items.set(keyOf(input.Item), input.Item ?? {});
        return {};
      case 'DynamoDB_20120810.GetItem':
        return { Item: items.get(keyOf(input.Key)) };
      case 'DynamoDB_20120810.UpdateItem': {
        const item = { ...input.Key, ...items.get(keyOf(input.Key)) };
        update(item, input);
        items.set(keyOf(input.Key), item);
        return { Attributes: item };
      }
      case 'AmazonSSM.PutParameter':
        parameters.set(input.Name, input.Value);
        return {};
      case 'AmazonSSM.GetParameter':
        return { Parameter: { Value: parameters.get(input.Name) } };
      case 'AmazonSQS.SendMessageBatch':
        return { Successful: (input.Entries ?? []).map(accepted), Failed: [] };
      default:
        throw new Error(`the benchmark does not know ${action}`);
    }
  }

  function accepted({ Id, MessageBody }: { readonly Id: string; readonly MessageBody: string }): object {
    sent.push(MessageBody);
    return { Id, MessageId: Id, MD5OfMessageBody: hash('md5', MessageBody) };
  }

  return {
    requestHandler: {
      handle({ headers, body }) {
        const input: Input = JSON.parse(body instanceof Uint8Array ? Buffer.from(body).toString() : String(body));
        const answer = Buffer.from(JSON.stringify(answerTo(headers['x-amz-target'] ?? '', input)));
        return Promise.resolve({ response: { statusCode: 200, headers: {}, body: answer } });
      },
      destroy() {},
      updateHttpClientConfig() {},
      httpHandlerConfigs: () => ({}),
    },
    takeSent() {
      const taken = sent;
      sent = [];
      return taken;
    },
  };
}

function keyOf(item: Item | undefined): string {
  return JSON.stringify([item?.['pk'], item?.['sk']]);
}

const ASSIGNMENT = /(#?\w+) = (?:(#?\w+) \+ )?(:\w+)/g;

/** The expressions that the table writes: `#a = :b`, `#a = #a + :b` and REMOVE of names. */
function update(item: Item, input: Input): void {
  const { UpdateExpression = '', ExpressionAttributeNames = {}, ExpressionAttributeValues = {} } = input;
  const nameOf = (text: string): string => ExpressionAttributeNames[text] ?? text;
  const [assignments = '', removals = ''] = UpdateExpression.split('REMOVE ');
  for (const [, target = '', base, value = ''] of assignments.matchAll(ASSIGNMENT)) {
    const added = ExpressionAttributeValues[value];
    const before = base === undefined ? undefined : item[nameOf(base)];
    item[nameOf(target)] = before === undefined ? added : { N: String(numberOf(before) + numberOf(added)) };
  }
  for (const name of removals.split(', ')) delete item[nameOf(name.trim())];
}

function numberOf(attribute: unknown): number {
  return Number((attribute as { readonly N?: string } | undefined)?.N ?? 0);
}
