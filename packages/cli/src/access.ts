/** Who a request is from, and what it means when it is not let in. */

/** A request as it goes out. */
export interface OutgoingRequest {
  readonly method: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** With the query, percent-encoded as it is sent. */
  readonly path: string;
  readonly contentType?: string | undefined;
  readonly body?: string | Uint8Array | undefined;
}

export interface RefusedAnswer {
  readonly status: number;
  readonly text: string;
  /** The header `date`; empty when there was none. */
  readonly date: string;
}

export interface Access {
  /**
   * The headers that let a request in, good for one try of it: what is repeated needs new ones.
   *
   * @throws AccessError
   */
  headersFor(request: OutgoingRequest): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** What it means that something in front of the API refused; undefined when it was the API, or is not known. */
  explain(answer: RefusedAnswer): Error | undefined;
  readonly advice: Advice;
  /** What to do about a refusal of the API itself, as the end of an error. */
  hint?(status: number): string | undefined;
}

/** What to look at, as the end of an error. */
export interface Advice {
  /** Nothing is there. */
  readonly unreachable: string;
  /** Something else is there. */
  readonly foreign: string;
}

export const LOCAL_ADVICE: Advice = { unreachable: 'start one with: millrace up', foreign: 'is --url right?' };

/** The API of `millrace up`. */
export function keyAccess(key: string | undefined): Access {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const hints: Readonly<Record<number, string>> =
    key === undefined
      ? { 401: 'set MILLRACE_KEY to a key of this server' }
      : {
          401: 'set MILLRACE_KEY to another key of this server',
          403: 'set MILLRACE_KEY to a key that may; whoever has one for all senders makes it with millrace key create',
        };
  return { headersFor: () => headers, explain: () => undefined, advice: LOCAL_ADVICE, hint: (status) => hints[status] };
}
