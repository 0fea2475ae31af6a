/**
 * What is counted and measured, named once: adapters make series of it for Prometheus and for CloudWatch.
 *
 * Measuring never fails and never waits: an adapter that cannot keep up leaves out, it does not throw.
 */

interface Definition {
  readonly kind: 'counter' | 'histogram' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly unit: 'count' | 'seconds' | 'bytes';
  /** Names of labels whose values the program chooses. */
  readonly labels: readonly string[];
  /** Upper bounds of the buckets of a histogram. */
  readonly buckets?: readonly number[];
}

/**
 * Labels whose values come from messages: there can be any number of them. An adapter keeps some and puts the others
 * together, or leaves the label out. Ids of messages are never labels.
 */
export const OPEN_LABELS: readonly string[] = ['origin'];

const ATTEMPT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const RUN_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];
const DELIVERY_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400];

export const METRICS = {
  accepted: {
    kind: 'counter',
    name: 'millrace_messages_accepted_total',
    help: 'Messages that were stored for the first time',
    unit: 'count',
    labels: [],
  },
  duplicates: {
    kind: 'counter',
    name: 'millrace_messages_duplicate_total',
    help: 'Repeats of messages that were accepted before',
    unit: 'count',
    labels: [],
  },
  refused: {
    kind: 'counter',
    name: 'millrace_messages_refused_total',
    help: 'Messages that were not accepted: invalid, forbidden, conflict, or unavailable when the store could not take them',
    unit: 'count',
    labels: ['result'],
  },
  attempts: {
    kind: 'counter',
    name: 'millrace_attempts_total',
    help: 'Attempts by what came of them: success, or the class of the failure',
    unit: 'count',
    labels: ['result', 'origin'],
  },
  delivered: {
    kind: 'counter',
    name: 'millrace_messages_delivered_total',
    help: 'Messages that ended as SUCCESS',
    unit: 'count',
    labels: ['origin'],
  },
  retried: {
    kind: 'counter',
    name: 'millrace_messages_retried_total',
    help: 'Attempts that failed and were followed by another',
    unit: 'count',
    labels: ['origin'],
  },
  deadLettered: {
    kind: 'counter',
    name: 'millrace_messages_dead_lettered_total',
    help: 'Messages that ended as FAILED, by reason',
    unit: 'count',
    labels: ['reason', 'origin'],
  },
  attemptDuration: {
    kind: 'histogram',
    name: 'millrace_attempt_duration_seconds',
    help: 'How long exchanges with targets took',
    unit: 'seconds',
    labels: ['origin'],
    buckets: ATTEMPT_BUCKETS,
  },
  deliveryDuration: {
    kind: 'histogram',
    name: 'millrace_delivery_duration_seconds',
    help: 'From the acceptance of a message (or its replay) to its success',
    unit: 'seconds',
    labels: [],
    buckets: DELIVERY_BUCKETS,
  },
  circuitChanges: {
    kind: 'counter',
    name: 'millrace_circuit_changes_total',
    help: 'Changes of circuit breakers, by the state that they came to',
    unit: 'count',
    labels: ['to'],
  },
  circuitsOpen: {
    kind: 'gauge',
    name: 'millrace_circuits_open',
    help: 'Circuits that this process knows to be open or half-open',
    unit: 'count',
    labels: [],
  },
  backlog: {
    kind: 'gauge',
    name: 'millrace_messages_waiting',
    help: 'Messages that have not ended',
    unit: 'count',
    labels: [],
  },
  booksDifference: {
    kind: 'gauge',
    name: 'millrace_accounting_difference',
    help: 'accepted - succeeded - failed - waiting: anything but 0 is a defect',
    unit: 'count',
    labels: [],
  },
  overdue: {
    kind: 'gauge',
    name: 'millrace_messages_overdue',
    help: 'Messages that should have moved long ago, as the accounting found them',
    unit: 'count',
    labels: [],
  },
  oldestDueAge: {
    kind: 'gauge',
    name: 'millrace_oldest_due_age_seconds',
    help: 'How long the message that waits the longest has been due',
    unit: 'seconds',
    labels: [],
  },
  inFlight: {
    kind: 'gauge',
    name: 'millrace_deliveries_in_flight',
    help: 'Deliveries under way',
    unit: 'count',
    labels: [],
  },
  attemptLogDropped: {
    kind: 'counter',
    name: 'millrace_attempt_log_dropped_total',
    help: 'Attempts that are missing from the attempt log, because it could not be written',
    unit: 'count',
    labels: [],
  },
  checkpointEvents: {
    kind: 'counter',
    name: 'millrace_checkpoint_events_total',
    help: 'Events that runs of a checkpoint read, by what came of them: folded, invalid, or filtered (left out on purpose)',
    unit: 'count',
    labels: ['dataset', 'result'],
  },
  checkpointRuns: {
    kind: 'counter',
    name: 'millrace_checkpoint_runs_total',
    help: 'Runs of a checkpoint: complete, unfinished (the time was over), partial (something failed, the rest is folded) or failed',
    unit: 'count',
    labels: ['dataset', 'result'],
  },
  checkpointDuration: {
    kind: 'histogram',
    name: 'millrace_checkpoint_duration_seconds',
    help: 'How long runs of a checkpoint took',
    unit: 'seconds',
    labels: ['dataset'],
    buckets: RUN_BUCKETS,
  },
  checkpointPending: {
    kind: 'gauge',
    name: 'millrace_checkpoint_objects_pending',
    help: 'Objects that the last run of the checkpoint could not fold, and that every run tries again',
    unit: 'count',
    labels: [],
  },
  storeErrors: {
    kind: 'counter',
    name: 'millrace_store_errors_total',
    help: 'Calls that the message store could not carry out, by who made them: api or delivery',
    unit: 'count',
    labels: ['part'],
  },
  eventLoopLag: {
    kind: 'gauge',
    name: 'millrace_event_loop_lag_seconds',
    help: 'The 99th percentile of how late timers fired since the last look',
    unit: 'seconds',
    labels: [],
  },
  processMemory: {
    kind: 'gauge',
    name: 'millrace_process_memory_bytes',
    help: 'Resident memory of the process',
    unit: 'bytes',
    labels: [],
  },
} as const satisfies Readonly<Record<string, Definition>>;

export type MetricId = keyof typeof METRICS;
export type MetricDefinition = Definition;

type OfKind<Kind extends Definition['kind']> = {
  [Id in MetricId]: (typeof METRICS)[Id]['kind'] extends Kind ? Id : never;
}[MetricId];

/** A value for each label of a metric. */
export type LabelsOf<Id extends MetricId> = Readonly<Record<(typeof METRICS)[Id]['labels'][number], string>>;

export interface Metrics {
  count<Id extends OfKind<'counter'>>(id: Id, labels: LabelsOf<Id>, by?: number): void;
  observe<Id extends OfKind<'histogram'>>(id: Id, labels: LabelsOf<Id>, value: number): void;
  set<Id extends OfKind<'gauge'>>(id: Id, value: number): void;
}

/** Where nobody looks. */
export const NO_METRICS: Metrics = { count: () => undefined, observe: () => undefined, set: () => undefined };
