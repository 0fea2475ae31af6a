import { types } from 'node:util';
import { Client, type Dispatcher } from 'undici';
import type { Access } from '../access.ts';

/** What came of one request. */
export interface Answer {
  readonly lane: Lane;
  /** Of the request's first message. */
  readonly first: number;
  readonly messages: number;
  /** Milliseconds since the start of the run: when the request was due, was sent, was answered. */
  readonly dueMs: number;
  readonly sentMs: number;
  readonly doneMs: number;
  /** The HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** The body, when it was asked for or the status is an error. */
  readonly text: string;
  /** Why there was no answer: the code of the error, or its name. */
  readonly error: string | undefined;
}

interface LaneOptions {
  readonly url: URL;
  readonly headers: readonly string[];
  /** Signs every request; undefined sends the headers alone. */
  readonly sign: Access['headersFor'] | undefined;
  /** Keep the bodies of 2xx answers too. */
  readonly readBodies: boolean;
  /** Milliseconds without an answer after which a request has failed. */
  readonly timeoutMs: number;
  readonly elapsed: () => number;
  readonly onAnswer: (answer: Answer) => void;
}

const CONTENT_TYPE = 'application/json';

/** Characters kept of a body. */
const KEPT_CHARACTERS = 1_000_000;

/**
 * One connection with at most one request at a time. It is its own response handler, so that a request costs no
 * objects but those of undici.
 */
export class Lane implements Dispatcher.DispatchHandler {
  private readonly client: Client;
  private readonly options: LaneOptions;
  private readonly path: string;
  private readonly headers: string[];
  private first = 0;
  private messages = 0;
  private dueMs = 0;
  private sentMs = 0;
  private status = 0;
  private text = '';

  constructor(options: LaneOptions) {
    this.options = options;
    this.path = options.url.pathname + options.url.search;
    // Signed requests bring it along.
    this.headers = [...(options.sign === undefined ? ['content-type', CONTENT_TYPE] : []), ...options.headers];
    this.client = new Client(options.url.origin, {
      pipelining: 1,
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      connectTimeout: options.timeoutMs,
    });
  }

  /** Sends a request. The lane must be free: its last request has been answered. */
  send(first: number, messages: number, dueMs: number, body: Buffer): void {
    this.first = first;
    this.messages = messages;
    this.dueMs = dueMs;
    this.sentMs = this.options.elapsed();
    this.status = 0;
    this.text = '';
    if (this.options.sign === undefined) this.dispatch(this.headers, body);
    else void this.signAndDispatch(this.options.sign, body);
  }

  private async signAndDispatch(sign: Access['headersFor'], body: Buffer): Promise<void> {
    const { origin } = this.options.url;
    let signed: Readonly<Record<string, string>>;
    try {
      signed = await sign({ method: 'POST', origin, path: this.path, contentType: CONTENT_TYPE, body });
    } catch (error) {
      return this.answer(undefined, types.isNativeError(error) ? error.message : String(error));
    }
    // Signing is a delay of the generator.
    this.sentMs = this.options.elapsed();
    this.dispatch([...this.headers, ...Object.entries(signed).flat()], body);
  }

  private dispatch(headers: string[], body: Buffer): void {
    this.client.dispatch({ path: this.path, method: 'POST', headers, body }, this);
  }

  /** Drops the connection; a request on its way fails. */
  close(): Promise<void> {
    return this.client.destroy();
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const isWanted = this.options.readBodies || this.status >= 300;
    if (isWanted && this.text.length < KEPT_CHARACTERS) this.text += chunk.toString();
  }

  onResponseEnd(): void {
    this.answer(this.status, undefined);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.answer(undefined, 'code' in error && typeof error.code === 'string' ? error.code : error.name);
  }

  private answer(status: number | undefined, error: string | undefined): void {
    const { first, messages, dueMs, sentMs, text } = this;
    const doneMs = this.options.elapsed();
    this.options.onAnswer({ lane: this, first, messages, dueMs, sentMs, doneMs, status, text, error });
  }
}
