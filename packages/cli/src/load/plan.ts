import type { Schedule } from './schedule.ts';

/** How the ids of messages are made. `sequential`: prefix and twelve digits; `random`: prefix and a UUID. */
export const ID_KINDS = ['sequential', 'random'] as const;
export type IdKind = (typeof ID_KINDS)[number];

/** The parts of a message that are the same for the whole run. */
export interface MessageTemplate {
  readonly senderId: string;
  readonly targetUrl: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly idPrefix: string;
  readonly ids: IdKind;
}

/** One run of the generator. */
export interface LoadPlan {
  readonly schedule: Schedule;
  /** Where the requests go: with `messages` the address of the API, else the target itself. */
  readonly url: URL;
  /** Undefined posts the bodies as they are. */
  readonly messages: MessageTemplate | undefined;
  readonly bodyBytes: number;
  /** Requests at the same time, at most. */
  readonly connections: number;
  /** Bearer key for the API. */
  readonly key: string | undefined;
  /** Number of the first message, so that several runs can be told apart by their numbers. */
  readonly firstNumber: number;
}
