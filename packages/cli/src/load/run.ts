/**
 * One run of the load generator: takes the steps of the schedule, sends requests over its lanes, counts the answers.
 */

import type { Access } from '../access.ts';
import { type AnswerCounts, readBatchAnswer, readRawAnswer, readSingleAnswer } from './answers.ts';
import { type Answer, Lane } from './lane.ts';
import type { LoadPlan } from './plan.ts';
import { type BodyWriter, messageBodyWriter, rawBodyWriter } from './request-bodies.ts';
import { dueMessages, nextStep } from './schedule.ts';
import { Tally } from './tally.ts';

export interface LoadDeps {
  /** Signs every request, in place of a key. */
  readonly sign?: Access['headersFor'];
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Ends the run early: nothing more is sent, and what is on its way is given up soon. */
  readonly signal: AbortSignal;
  /** Milliseconds that answers are waited for after the signal; default 1,000. */
  readonly giveUpAfterMs?: number;
  /** Told of every request that ended; must be cheap. */
  readonly onAnswer?: (answer: Answer, counts: AnswerCounts) => void;
  /** Called once with the tally, which goes on changing, and the time since the start. */
  readonly onStart?: (tally: Tally, elapsed: () => number) => void;
}

export interface LoadResult {
  readonly tally: Tally;
  /** Milliseconds from the start to the last answer. */
  readonly elapsedMs: number;
  /** Messages of an open loop that were due and not sent when the run ended. */
  readonly unsent: number;
  readonly interrupted: boolean;
  /** Why the run was given up: nothing ever answered there. */
  readonly unreachable: string | undefined;
}

/** A request without an answer for this long has failed. */
const REQUEST_TIMEOUT_MS = 30_000;
const GIVE_UP_AFTER_MS = 1_000;
/** A lane whose connection failed rests, so that a server that is gone is not asked thousands of times a second. */
const REST_MS = 50;
/** As many failed connections without any answer end the run. */
const UNREACHABLE_AFTER = 3;

/** Timers cannot wait for more than 2^31 ms; waking early does no harm. */
const LONGEST_SLEEP_MS = 60_000;

const CONNECT_ERRORS = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Runs the plan to its end; never rejects for what the server does. */
export function runLoad(plan: LoadPlan, deps: LoadDeps): Promise<LoadResult> {
  return new Run(plan, deps).start();
}

class Run {
  private readonly plan: LoadPlan;
  private readonly deps: LoadDeps;
  private readonly tally = new Tally();
  private readonly writeBody: BodyWriter;
  private readonly readAnswer: (answer: Answer, status: number) => AnswerCounts;
  private readonly lanes: Lane[] = [];
  /** Used from the end, so that no more connections are open than needed at once. */
  private readonly free: Lane[] = [];
  private startedAt = 0;
  private index = 0;
  private inFlight = 0;
  private isFinished = false;
  private connectFailures = 0;
  private endedAt = 0;
  private stoppedAt: number | undefined;
  private unreachable: string | undefined;
  private wakeUp: NodeJS.Timeout | undefined;
  private giveUp: NodeJS.Timeout | undefined;
  private resolve: (result: LoadResult) => void = () => {};

  constructor(plan: LoadPlan, deps: LoadDeps) {
    this.plan = plan;
    this.deps = deps;
    this.writeBody = bodyWriterOf(plan);
    this.readAnswer = answerReaderOf(plan);
    for (let i = 0; i < plan.connections; i++) this.lanes.push(this.openLane());
    // The first lane is taken first.
    this.free.push(...this.lanes.toReversed());
  }

  start(): Promise<LoadResult> {
    const done = new Promise<LoadResult>((resolve) => {
      this.resolve = resolve;
    });
    const { signal, now, onStart } = this.deps;
    this.startedAt = now();
    onStart?.(this.tally, this.elapsed);
    signal.addEventListener('abort', this.interrupt, { once: true });
    if (signal.aborted) this.interrupt();
    this.pump();
    return done;
  }

  private readonly elapsed = (): number => this.deps.now() - this.startedAt;

  private openLane(): Lane {
    return new Lane({
      url: this.plan.url,
      headers: this.plan.key === undefined ? [] : ['authorization', `Bearer ${this.plan.key}`],
      sign: this.deps.sign,
      readBodies: this.plan.messages !== undefined && this.plan.schedule.batch > 1,
      timeoutMs: REQUEST_TIMEOUT_MS,
      elapsed: this.elapsed,
      onAnswer: this.take,
    });
  }

  /** Sends what is due while lanes are free; a lane that comes back, or the timer, calls it again. */
  private readonly pump = (): void => {
    while (this.stoppedAt === undefined && this.free.length > 0) {
      const step = nextStep(this.plan.schedule, this.index, this.elapsed());
      if (step.kind === 'stop') this.stop();
      else if (step.kind === 'send') this.send(step.messages, step.dueMs);
      else {
        this.wakeAt(step.untilMs);
        return;
      }
    }
  };

  private send(messages: number, dueMs: number): void {
    const lane = this.free.pop();
    if (lane === undefined) return;
    const first = this.plan.firstNumber + this.index * this.plan.schedule.batch;
    this.index += 1;
    this.inFlight += 1;
    lane.send(first, messages, dueMs, this.writeBody(first, messages));
  }

  private wakeAt(untilMs: number): void {
    if (this.wakeUp !== undefined) return;
    this.wakeUp = setTimeout(
      () => {
        this.wakeUp = undefined;
        this.pump();
      },
      Math.min(LONGEST_SLEEP_MS, Math.max(0, untilMs - this.elapsed())),
    );
  }

  private readonly take = (answer: Answer): void => {
    this.inFlight -= 1;
    this.endedAt = answer.doneMs;
    const counts = this.count(answer);
    this.deps.onAnswer?.(answer, counts);
    if (answer.error === undefined) this.release(answer.lane);
    else this.rest(answer.lane, answer.error);
    this.finishWhenIdle();
  };

  private count(answer: Answer): AnswerCounts {
    const { tally } = this;
    const counts =
      answer.status === undefined
        ? { accepted: 0, duplicates: 0, refused: new Map([[answer.error ?? 'unknown', answer.messages]]) }
        : this.readAnswer(answer, answer.status);
    tally.requests += 1;
    tally.messages += answer.messages;
    tally.accepted += counts.accepted;
    tally.duplicates += counts.duplicates;
    tally.lateness.record(answer.sentMs - answer.dueMs);
    for (const [said, messages] of counts.refused) tally.refuse(said, messages, answer.text);
    if (answer.status === undefined) return counts;
    tally.answered += 1;
    tally.latency.record(answer.doneMs - answer.dueMs);
    return counts;
  }

  private release(lane: Lane): void {
    this.free.push(lane);
    this.pump();
  }

  private rest(lane: Lane, error: string): void {
    if (CONNECT_ERRORS.has(error)) this.connectFailures += 1;
    if (this.tally.answered === 0 && this.connectFailures >= UNREACHABLE_AFTER) {
      this.unreachable ??= error;
      this.stop();
    }
    if (this.stoppedAt === undefined) setTimeout(() => this.release(lane), REST_MS);
  }

  private stop(): void {
    if (this.stoppedAt !== undefined) return;
    this.stoppedAt = this.elapsed();
    clearTimeout(this.wakeUp);
    this.finishWhenIdle();
  }

  private readonly interrupt = (): void => {
    this.giveUp = setTimeout(() => void this.closeLanes(), this.deps.giveUpAfterMs ?? GIVE_UP_AFTER_MS);
    this.stop();
  };

  private async closeLanes(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.close()));
  }

  private finishWhenIdle(): void {
    if (this.stoppedAt === undefined || this.inFlight > 0 || this.isFinished) return;
    this.isFinished = true;
    clearTimeout(this.giveUp);
    this.deps.signal.removeEventListener('abort', this.interrupt);
    const sent = this.tally.messages;
    const due = dueMessages(this.plan.schedule, this.stoppedAt);
    const result: LoadResult = {
      tally: this.tally,
      elapsedMs: this.endedAt,
      unsent: Math.max(0, due - sent),
      interrupted: this.deps.signal.aborted,
      unreachable: this.unreachable,
    };
    void this.closeLanes().finally(() => this.resolve(result));
  }
}

function bodyWriterOf(plan: LoadPlan): BodyWriter {
  if (plan.messages === undefined) return rawBodyWriter(plan.bodyBytes);
  return messageBodyWriter(plan.messages, plan.bodyBytes, plan.schedule.batch);
}

function answerReaderOf(plan: LoadPlan): (answer: Answer, status: number) => AnswerCounts {
  if (plan.messages === undefined) return (_answer, status) => readRawAnswer(status);
  if (plan.schedule.batch === 1) return (_answer, status) => readSingleAnswer(status);
  return (answer, status) => readBatchAnswer(status, answer.text, answer.messages);
}
