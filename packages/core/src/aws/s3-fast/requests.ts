/**
 * Requests that read: signed, as many at once as S3 takes, and sent again when that can help.
 *
 * Sent again after waits that double, each a random part of it: errors of the service, throttling, timeouts, connections
 * and answers that break off. Sent again at once, and once: with renewed credentials when the old ones are over, and
 * with the time of S3 when the own clock is wrong.
 */

import type { LoadSignal } from '../../domain/concurrency-limit.ts';
import { ObjectStoreUnavailableError } from '../../ports/object-store.ts';
import { type AwsCall, calling } from '../aws-errors.ts';
import { toObjectStoreError } from '../s3-errors.ts';
import { type BucketAddress, encodeKey, encodeQuery } from './address.ts';
import type { Connections, HttpAnswer } from './exchange.ts';
import { brokenExchange, isOverload, refusalOf, S3RequestError, wrongRegion } from './failures.ts';
import type { RequestSlots } from './request-slots.ts';
import type { Credentials, Sign } from './signing.ts';

interface S3Read {
  /** In the bucket; empty for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** For errors. */
  readonly call: AwsCall;
}

export interface RequestsDeps {
  readonly address: BucketAddress;
  readonly connections: Connections;
  readonly slots: RequestSlots;
  readonly sign: Sign;
  /** Those in force. */
  readonly credentials: (options?: { readonly forceRefresh: boolean }) => Promise<Credentials>;
  readonly clock: SkewedClock;
  readonly attempts: number;
  readonly random: () => number;
  readonly wait: (ms: number) => Promise<unknown>;
}

/** The time, as S3 has it. */
interface SkewedClock {
  now(): number;
  /** What S3 said that the time is, in epoch milliseconds. */
  correct(now: number): void;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/**
 * Makes a request, and takes from a good answer what is wanted of it.
 *
 * @param receive throws a SyntaxError for an answer that is not whole
 * @throws the error of the port that says what the last failure means; `S3RequestError` where S3 knows better
 */
export type SendRead = <T>(read: S3Read, receive: (answer: HttpAnswer) => T) => Promise<T>;

export function createSendRead(deps: RequestsDeps): SendRead {
  const { address, clock } = deps;
  /** The SDK asks its provider once for all that want it at the same time. */
  const renew = async (old: Credentials): Promise<void> => {
    if ((await deps.credentials()) === old) await deps.credentials({ forceRefresh: true });
  };

  const sendOnce = async <T>(
    read: S3Read,
    credentials: Credentials,
    receive: (answer: HttpAnswer) => T,
  ): Promise<T | S3RequestError> => {
    const slot = await deps.slots.take();
    let signal: LoadSignal = 'none';
    try {
      const path = `${address.path}/${encodeKey(read.key)}`;
      const query = read.query === undefined ? '' : encodeQuery(read.query);
      const signed = await deps.sign({ path, query }, credentials, clock.now());
      const headers = read.headers === undefined ? signed : { ...signed, ...read.headers };
      const result = await exchange({ path: query === '' ? path : `${path}?${query}`, headers }, receive);
      if (result instanceof S3RequestError) signal = isOverload(result) ? 'overload' : 'none';
      else signal = 'success';
      return result;
    } finally {
      deps.slots.free(slot, signal);
    }
  };

  const exchange = async <T>(
    request: Parameters<Connections['exchange']>[0],
    receive: (answer: HttpAnswer) => T,
  ): Promise<T | S3RequestError> => {
    let answer: HttpAnswer;
    try {
      answer = await deps.connections.exchange(request);
    } catch (error) {
      return brokenExchange(error);
    }
    if (answer.status < 200 || answer.status >= 300) return refusalOf(answer);
    try {
      assertWhole(answer);
      return receive(answer);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return new S3RequestError('IncompleteAnswer', error.message, 0, { cause: error });
    }
  };

  return async (read, receive) => {
    let isRenewed = false;
    let isCorrected = false;
    for (let attempt = 1; ; ) {
      const credentials = await calling(read.call, () => deps.credentials());
      const result = await sendOnce(read, credentials, receive);
      if (!(result instanceof S3RequestError)) return result;
      if (!isRenewed && IS_OVER.has(result.name)) {
        isRenewed = true;
        await calling(read.call, () => renew(credentials));
        continue;
      }
      const date = Date.parse(String(result.headers['date']));
      if (!isCorrected && result.name === 'RequestTimeTooSkewed' && !Number.isNaN(date)) {
        isCorrected = true;
        clock.correct(date);
        continue;
      }
      const what = `${read.call.action} on ${read.call.resource}`;
      const meant = wrongRegion(result, address.region, what) ?? toObjectStoreError(result, read.call);
      if (!(meant instanceof ObjectStoreUnavailableError) || attempt === deps.attempts) throw meant;
      await deps.wait(deps.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)));
      attempt += 1;
    }
  };
}

const IS_OVER = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']);

/** @throws SyntaxError */
function assertWhole({ headers, body }: HttpAnswer): void {
  const length = headers['content-length'];
  if (length === undefined || Number(length) === body.length) return;
  throw new SyntaxError(`the answer has ${body.length} of its ${length} bytes`);
}
