/**
 * The JSON of the HTTP API, and whether an answer is what the API promises: the address may belong to another program.
 */

/** A message as the API shows it. Times are RFC 3339. */
export interface MessageView {
  readonly messageId: string;
  readonly senderId: string;
  readonly timestamp: string;
  readonly targetUrl: string;
  readonly status: string;
  /** Within the present plan. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** Over all replays. */
  readonly totalAttempts: number;
  readonly replays: number;
  readonly acceptedAt: string;
  readonly updatedAt: string;
  readonly expiresAt: string;
  readonly nextAttemptAt: string | null;
  readonly reason: string | null;
  readonly lastError: { readonly statusCode: number | null; readonly message: string; readonly at: string } | null;
}

/** A message to send: the body of `POST /message`. */
export interface MessageInput {
  readonly messageId: string;
  readonly timestamp: string;
  readonly senderId: string;
  readonly targetUrl: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyEncoding?: 'utf8' | 'base64';
  /** In place of a body. */
  readonly payloadId?: string;
  readonly retry?: { readonly maxAttempts: number };
  readonly expiresAt?: string;
}

export interface Accepted {
  readonly messageId: string;
  readonly senderId: string;
  readonly status: string;
  readonly duplicate: boolean;
}

/** A large body to upload: the body of `POST /payloads`. */
export interface PayloadInput {
  readonly senderId: string;
  /** In hexadecimal digits. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** Where and how to put a large body. */
export interface UploadTicket {
  readonly payloadId: string;
  readonly uploadUrl: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One thing that is wrong with a request. */
export interface Problem {
  /** JSON path of the value. */
  readonly path: string;
  readonly message: string;
  readonly expected?: string;
}

/** RFC 9457. */
export interface ProblemDocument {
  readonly type?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly problems?: readonly Problem[];
}

const BATCH_RESULTS = ['accepted', 'duplicate', 'invalid', 'conflict', 'unavailable'] as const;
type BatchResultKind = (typeof BATCH_RESULTS)[number];

/** What came of one item of a batch. */
export interface BatchResult {
  readonly index: number;
  readonly messageId: string | null;
  readonly result: BatchResultKind;
  readonly problems?: readonly Problem[];
}

export interface Page {
  readonly messages: readonly MessageView[];
  readonly cursor: string | null;
}

export interface ReplayPage {
  readonly replayed: number;
  readonly remaining: number;
  readonly cursor: string | null;
}

export interface Stats {
  readonly accepted: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly waiting: number;
  readonly difference: number;
}

/** The secrets that sign the requests of a sender, newest first. Times are RFC 3339. */
export interface SigningSecretsView {
  readonly senderId: string;
  readonly secrets: readonly {
    readonly secret: string;
    readonly createdAt: string;
    /** Null: until it is rotated. */
    readonly inForceUntil: string | null;
  }[];
}

/** What keeps messages of a sender from a target: an origin, or a URL. Times are RFC 3339. */
export interface TargetView {
  readonly senderId: string;
  readonly target: string;
  readonly circuit: {
    readonly state: string;
    readonly since: string;
    readonly until: string | null;
    readonly requests: number;
    readonly failures: number;
    readonly why: string | null;
  } | null;
  readonly hold: {
    readonly kind: string;
    readonly since: string;
    readonly until: string | null;
    readonly why: string;
  } | null;
}

export interface TargetPage {
  readonly targets: readonly TargetView[];
  readonly cursor: string | null;
}

/** A key as the API shows it: without what it is. Times are RFC 3339. */
export interface KeyView {
  readonly id: string;
  readonly name: string;
  /** `["*"]`: all. */
  readonly senders: readonly string[];
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly rate: { readonly perSecond: number; readonly burst: number } | null;
  readonly backlog: number | null;
}

/** A key that was made just now: the only time that it is shown. */
export interface NewKey extends KeyView {
  readonly key: string;
}

/** A key to make: the body of `POST /keys`. */
export interface KeyInput {
  readonly name: string;
  readonly senders: readonly string[];
  readonly scopes?: readonly string[] | undefined;
  readonly expiresAt?: string | undefined;
  readonly rate?: { readonly perSecond: number } | undefined;
  readonly backlog?: number | undefined;
}

type Guard<T> = (value: unknown) => value is T;
type Fields<T> = { readonly [K in keyof Required<T>]: (value: unknown) => boolean };

const isString: Guard<string> = (value) => typeof value === 'string';
const isNumber: Guard<number> = (value) => typeof value === 'number';
const isBoolean: Guard<boolean> = (value) => typeof value === 'boolean';
const isAbsent = (value: unknown) => value === undefined;

function orNull<T>(guard: Guard<T>): Guard<T | null> {
  return (value): value is T | null => value === null || guard(value);
}

function optional<T>(guard: Guard<T>): Guard<T | undefined> {
  return (value): value is T | undefined => value === undefined || guard(value);
}

function arrayOf<T>(guard: Guard<T>): Guard<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(guard);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Objects with (at least) these fields; a newer server may add others. */
function shape<T>(fields: Fields<T>): Guard<T> {
  const checks: [string, (value: unknown) => boolean][] = Object.entries(fields);
  return (value): value is T => isRecord(value) && checks.every(([name, check]) => check(value[name]));
}

const isMessageView = shape<MessageView>({
  messageId: isString,
  senderId: isString,
  timestamp: isString,
  targetUrl: isString,
  status: isString,
  attempts: isNumber,
  maxAttempts: isNumber,
  totalAttempts: isNumber,
  replays: isNumber,
  acceptedAt: isString,
  updatedAt: isString,
  expiresAt: isString,
  nextAttemptAt: orNull(isString),
  reason: orNull(isString),
  lastError: orNull(shape({ statusCode: orNull(isNumber), message: isString, at: isString })),
});

const isProblem = shape<Problem>({ path: isString, message: isString, expected: optional(isString) });

export const isProblemDocument = shape<ProblemDocument>({
  type: optional(isString),
  title: optional(isString),
  detail: optional(isString),
  problems: optional(arrayOf(isProblem)),
});

export const isAccepted = shape<Accepted>({
  messageId: isString,
  senderId: isString,
  status: isString,
  duplicate: isBoolean,
});

const isTexts: Guard<Readonly<Record<string, string>>> = (value): value is Record<string, string> =>
  isRecord(value) && Object.values(value).every(isString);

export const isUploadTicket = shape<UploadTicket>({ payloadId: isString, uploadUrl: isString, headers: isTexts });

const isBatchResult = shape<BatchResult>({
  index: isNumber,
  messageId: (value) => isAbsent(value) || orNull(isString)(value),
  result: (value) => BATCH_RESULTS.some((known) => known === value),
  problems: optional(arrayOf(isProblem)),
});

export const isBatchAnswer = shape<{ readonly results: readonly BatchResult[] }>({ results: arrayOf(isBatchResult) });

export const isMessages = shape<{ readonly messages: readonly MessageView[] }>({ messages: arrayOf(isMessageView) });

export const isPage = shape<Page>({ messages: arrayOf(isMessageView), cursor: orNull(isString) });

export const isReplayed = shape<{ readonly replayed: number }>({ replayed: isNumber });

export const isReplayPage = shape<ReplayPage>({
  replayed: isNumber,
  remaining: isNumber,
  cursor: orNull(isString),
});

export const isSigningSecrets = shape<SigningSecretsView>({
  senderId: isString,
  secrets: arrayOf(shape({ secret: isString, createdAt: isString, inForceUntil: orNull(isString) })),
});

export const isStats = shape<Stats>({
  accepted: isNumber,
  succeeded: isNumber,
  failed: isNumber,
  waiting: isNumber,
  difference: isNumber,
});

export const isTarget = shape<TargetView>({
  senderId: isString,
  target: isString,
  circuit: orNull(
    shape({
      state: isString,
      since: isString,
      until: orNull(isString),
      requests: isNumber,
      failures: isNumber,
      why: orNull(isString),
    }),
  ),
  hold: orNull(shape({ kind: isString, since: isString, until: orNull(isString), why: isString })),
});

export const isTargetPage = shape<TargetPage>({ targets: arrayOf(isTarget), cursor: orNull(isString) });

const keyFields: Fields<KeyView> = {
  id: isString,
  name: isString,
  senders: arrayOf(isString),
  scopes: arrayOf(isString),
  createdAt: isString,
  expiresAt: orNull(isString),
  revokedAt: orNull(isString),
  rate: orNull(shape({ perSecond: isNumber, burst: isNumber })),
  backlog: orNull(isNumber),
};

export const isKey = shape<KeyView>(keyFields);

export const isNewKey = shape<NewKey>({ ...keyFields, key: isString });

export const isKeys = shape<{ readonly keys: readonly KeyView[] }>({ keys: arrayOf(isKey) });

/** What the front door of AWS says by itself: HTTP APIs as `message`, function URLs as `Message`. */
export function frontDoorMessage(text: string): string | undefined {
  const body = parseJson(text);
  if (!isRecord(body)) return undefined;
  return [body['message'], body['Message']].find(isString);
}

/** Undefined when the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
