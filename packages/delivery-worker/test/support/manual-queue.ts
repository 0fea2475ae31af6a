import type { Entry, OriginPlaces } from '@millrace/core';
import type { Disposition } from '../../src/deliver.ts';
import type { EntryQueue } from '../../src/delivery-loop.ts';
import { idOf } from './entries.ts';

interface Question<T> {
  answer(value: T): void;
  fail(error: Error): void;
}

function ask<T>(note: (question: Question<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => note({ answer: resolve, fail: reject }));
}

type Taken = Awaited<ReturnType<EntryQueue['take']>>;

interface Asked {
  readonly limit: number;
  readonly origins: OriginPlaces;
}

export interface ManualQueue extends EntryQueue {
  /** Every take, oldest first; the test answers it. */
  readonly takes: readonly (Question<Taken> & Asked)[];
  /** The names of each release, oldest first. */
  readonly releases: readonly (readonly string[])[];
  /** Makes the next releases fail. */
  failReleases(count: number): void;
  /** Makes releases take so many milliseconds. */
  delayReleases(ms: number): void;
  /** Says that there may be work. */
  announce(): void;
}

/** A queue that does nothing by itself. */
export function createManualQueue(): ManualQueue {
  const takes: (Question<Taken> & Asked)[] = [];
  const releases: string[][] = [];
  const listeners: (() => void)[] = [];
  let failures = 0;
  let delayMs = 0;
  return {
    takes,
    releases,
    take: (limit, origins) => ask((question) => takes.push({ ...question, limit, origins })),
    async release(entries) {
      releases.push(entries.map(idOf));
      const fails = failures > 0;
      if (fails) failures -= 1;
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      if (fails) throw new Error('cannot release');
    },
    onWork: (listener) => void listeners.push(listener),
    failReleases(count) {
      failures = count;
    },
    delayReleases(ms) {
      delayMs = ms;
    },
    announce() {
      for (const listener of listeners) listener();
    },
  };
}

export interface ManualDeliveries {
  readonly deliver: (entries: readonly Entry[]) => Promise<readonly Disposition[]>;
  /** The names of what was handed over at once, oldest first. */
  readonly started: readonly (readonly string[])[];
  /** The names of what is under way. */
  underWay(): string[];
  finish(name: string, disposition?: Disposition): void;
  fail(name: string): void;
}

/** Deliveries that the test ends. */
export function createManualDeliveries(): ManualDeliveries {
  const started: string[][] = [];
  const running = new Map<string, Question<readonly Disposition[]>>();
  const end = (name: string): Question<readonly Disposition[]> => {
    const question = running.get(name);
    if (question === undefined) throw new Error(`${name} is not under way`);
    running.delete(name);
    return question;
  };
  return {
    started,
    deliver(entries) {
      const names = entries.map(idOf);
      started.push(names);
      return ask((question) => {
        for (const name of names) running.set(name, question);
      });
    },
    underWay: () => [...running.keys()],
    finish: (name, disposition = 'acknowledge') => end(name).answer([disposition]),
    fail: (name) => end(name).fail(new Error(`cannot deliver ${name}`)),
  };
}
