/** What a simulated history is made of: everything that is not the system itself. Times are milliseconds from its start. */

export const WORLDS = ['machine', 'aws'] as const;
export type World = (typeof WORLDS)[number];

/** What a target makes of one request. */
export type Answer =
  | { readonly kind: 'status'; readonly status: number; readonly delayMs: number; readonly retryAfterMs?: number }
  /** The connection breaks; `seen`: after the target has got the request. */
  | { readonly kind: 'cut'; readonly seen: boolean; readonly delayMs: number }
  /** Takes the request and never answers. */
  | { readonly kind: 'never' }
  /** The network hands the request to the target twice. */
  | { readonly kind: 'twice'; readonly status: number; readonly delayMs: number }
  | { readonly kind: 'unreachable'; readonly error: 'dns' | 'tls' | 'connection' };

export interface MessagePlan {
  /** When it is posted first. */
  readonly at: number;
  readonly sender: number;
  /** Targets of different origins are in different shards of the queue. */
  readonly origin: number;
  /** Of its URL. */
  readonly path: number;
  readonly maxAttempts: number;
  readonly lifetimeMs: number;
  /** The body does not fit into a queue. */
  readonly isLarge: boolean;
  /** What its target makes of its requests, in their order; afterwards it answers 200. */
  readonly answers: readonly Answer[];
}

/** An origin is down for a time, to every sender, while many messages of one sender come for it. */
export interface Outage {
  readonly at: number;
  readonly forMs: number;
  readonly origin: number;
  /** What it makes of each request meanwhile, in place of what messages have planned. */
  readonly answer: Answer;
  /** Posted one after the other, each `everyMs` after the one before; when the outage is over they are answered 200. */
  readonly messages: number;
  readonly everyMs: number;
  readonly plan: Pick<MessagePlan, 'sender' | 'path' | 'maxAttempts' | 'lifetimeMs'>;
}

/** What happens at a time, whatever the system does then. Numbers of messages and processes wrap around. */
export type Event =
  /** Posted again; `isOther`: with another content under the same identity. */
  | { readonly kind: 'repeat'; readonly at: number; readonly message: number; readonly isOther: boolean }
  | { readonly kind: 'replay'; readonly at: number; readonly message: number }
  | { readonly kind: 'replay-all'; readonly at: number }
  /** An operator releases the URL of a message. */
  | { readonly kind: 'release'; readonly at: number; readonly message: number }
  | { readonly kind: 'read'; readonly at: number; readonly message: number }
  | { readonly kind: 'death'; readonly at: number; readonly process: number }
  /** A process stands still for a time, as when its machine is short of memory, or is moved. */
  | { readonly kind: 'pause'; readonly at: number; readonly process: number; readonly forMs: number }
  /** The clock of a process is set forward or back. */
  | { readonly kind: 'clock'; readonly at: number; readonly process: number; readonly byMs: number }
  /** An entry without a message appears in the queue. */
  | { readonly kind: 'orphan'; readonly at: number };

/** What can go wrong with a call of a process to something outside of it. */
export type Fault =
  /** It has no effect, and the caller is told so. */
  | 'refused'
  | 'throttled'
  /** It has its effect, and the caller is told that it failed. */
  | 'lost'
  /** It takes long to get there. */
  | 'slow'
  /** Its answer takes long to come back. */
  | 'slow-answer'
  /** The caller gives up, and the effect comes afterwards. */
  | 'late'
  /** Some parts of a batch are refused. */
  | 'partial'
  /** It has its effect, and the process stands still before it gets the answer. */
  | 'stalls'
  /** The process dies before the effect. */
  | 'dies-before'
  /** The process dies after the effect. */
  | 'dies-after';

/** A fault strikes the `nth` call of its kind (from 0), and those behind it until there were `times`. */
export interface FaultRule {
  readonly call: string;
  readonly nth: number;
  readonly times: number;
  readonly fault: Fault;
}

const DEATHS: readonly Fault[] = ['dies-before', 'dies-after'];
const OF_TARGET: readonly Fault[] = [...DEATHS, 'stalls', 'stalls'];
const OF_NETWORK: readonly Fault[] = [
  'refused',
  'throttled',
  'lost',
  'slow',
  'slow-answer',
  'late',
  'stalls',
  ...DEATHS,
];
const OF_BATCH: readonly Fault[] = [...OF_NETWORK, 'partial', 'partial'];
/** The disk of a machine answers the process that asked, or both are no more. */
const OF_DISK: readonly Fault[] = ['refused', 'slow', 'slow-answer', 'stalls', ...DEATHS];

/** Calls of each world that faults can strike, and which can. `request` is the one to a target. */
export const CALLS: Readonly<Record<World, Readonly<Record<string, readonly Fault[]>>>> = {
  machine: { commit: OF_DISK, request: OF_TARGET },
  aws: {
    PutItem: OF_NETWORK,
    UpdateItem: OF_NETWORK,
    GetItem: OF_NETWORK,
    'BatchGetItem circuits': OF_NETWORK,
    'PutItem circuits': OF_NETWORK,
    Query: OF_NETWORK,
    SendMessageBatch: OF_BATCH,
    ReceiveMessage: OF_NETWORK,
    DeleteMessageBatch: OF_BATCH,
    PutObject: OF_NETWORK,
    GetObject: OF_NETWORK,
    request: OF_TARGET,
  },
};

export interface History {
  readonly world: World;
  /** Of all that is left to chance: latencies, backoff, the order of calls. */
  readonly seed: number;
  readonly messages: readonly MessagePlan[];
  readonly outages: readonly Outage[];
  readonly events: readonly Event[];
  readonly faults: readonly FaultRule[];
  readonly system: SystemPlan;
}

export interface SystemPlan {
  /** Functions that deliver at once on AWS; deliveries under way at once on one machine. */
  readonly workers: number;
  /** Entries that a function gets at once at most. */
  readonly batch: number;
  /** How often the queue hands an entry out before it gives it up. */
  readonly maxReceives: number;
  readonly visibilityMs: number;
  /** Chances that the queue hands an entry out twice at once, and again after it was deleted. */
  readonly duplicates: number;
  readonly afterDeletion: number;
}
