/** The way in: where clients and operators reach the system, over a network that loses answers. */

import type { CircuitStore, MessageStore, TargetKey } from '@millrace/core';
import type { Process } from './process.ts';
import type { Sim } from './sim.ts';

type FrontStore = Pick<MessageStore, 'accept' | 'get' | 'replay' | 'replayMany'>;

/** A process that serves the API. */
export interface Server {
  readonly process: Process;
  readonly store: FrontStore;
  readonly circuits: CircuitStore;
  /** Told of a target that was released. */
  readonly onTarget?: (key: TargetKey) => void;
}

export interface Front {
  /** Undefined: nobody listens. */
  server(chance: string): Server | undefined;
}

/** Milliseconds after which a caller takes it that no answer will come. */
const PATIENCE_MS = 20_000;
const NETWORK_MS = 10;

export interface Call<T> {
  readonly who: string;
  readonly act: (server: Server) => Promise<T>;
  readonly onAnswer: (answer: T) => void;
  /** No answer, or one that says that it failed; the call may have had its effect. */
  readonly onFailure: (error: unknown) => void;
}

/** Makes a call of the API; one of the two functions is called once. */
export function callFront<T>(sim: Sim, front: Front, { who, act, onAnswer, onFailure }: Call<T>): void {
  const { timeline, noise } = sim;
  let isOver = false;
  const finish = (end: () => void): void => {
    if (isOver) return;
    isOver = true;
    end();
  };
  timeline.at(timeline.now() + PATIENCE_MS, () => finish(() => onFailure(new Error('no answer'))));
  const server = front.server(who);
  if (server === undefined) {
    finish(() => onFailure(new Error('connection refused')));
    return;
  }
  const { process } = server;
  const answering = (end: () => void): void => void process.after(noise.between(who, 0, NETWORK_MS), () => finish(end));
  process.after(noise.between(who, 0, NETWORK_MS), () => {
    act(server).then(
      (answer) => answering(() => onAnswer(answer)),
      (error) => answering(() => onFailure(error)),
    );
  });
}
