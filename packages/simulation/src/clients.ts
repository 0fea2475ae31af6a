/** Clients that post messages, each until it is told what became of it, or loses patience. */

import { accept } from '@millrace/ingest-api';
import { isForeseen } from './errors.ts';
import { callFront, type Front } from './front.ts';
import { INVARIANTS } from './invariants.ts';
import { type SimMessage, toMessage } from './messages.ts';
import { type Sim, START } from './sim.ts';
import type { Witness } from './witness.ts';
import type { SimWorld } from './world.ts';

interface Post {
  readonly message: SimMessage;
  readonly isOther: boolean;
}

type World = Front & Pick<SimWorld, 'payloads'>;

const TRIES = 8;
const LEAST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 20_000;

/** Schedules the posts of a history. Those of one time go as one request. */
export function startClients(sim: Sim, messages: readonly SimMessage[], world: World, witness: Witness): void {
  const posts = new Map<number, Post[]>();
  const add = (at: number, post: Post): void => void posts.set(at, [...(posts.get(at) ?? []), post]);
  for (const message of messages) add(message.plan.at, { message, isOther: false });
  for (const event of sim.history.events) {
    const message = event.kind === 'repeat' ? messages[event.message % messages.length] : undefined;
    if (event.kind === 'repeat' && message !== undefined) add(event.at, { message, isOther: event.isOther });
  }
  for (const [at, batch] of posts) sim.timeline.at(START + at, () => post(batch, 1));

  function post(batch: readonly Post[], tries: number): void {
    const who = `client ${batch.map(({ message }) => message.name).join(',')}`;
    const again = (unanswered: readonly Post[]): void => {
      if (unanswered.length === 0 || tries === TRIES) return;
      const pause = sim.noise.between(who, LEAST_PAUSE_MS, MOST_PAUSE_MS);
      sim.timeline.at(sim.timeline.now() + pause, () => post(unanswered, tries + 1));
    };
    sim.coverage.count('posts');
    if (tries > 1) sim.coverage.count('posts again');
    callFront(sim, world, {
      who,
      act: ({ store, process }) => {
        const now = sim.timeline.now();
        const readings = batch.map(({ message, isOther }) => {
          const read = toMessage(message, isOther, now);
          const isLate = read.plan.expiresAt <= process.clock.now();
          return isLate
            ? ({ kind: 'late', message: read, problems: [] } as const)
            : ({ kind: 'message', message: read } as const);
        });
        return accept({ store, payloads: world.payloads }, readings);
      },
      onAnswer(outcomes) {
        const unanswered: Post[] = [];
        for (const [index, one] of batch.entries()) {
          const kind = outcomes[index]?.kind ?? 'unavailable';
          sim.note('client', () => `${one.message.name}${one.isOther ? ', another content' : ''}: ${kind}`);
          if (kind === 'unavailable') unanswered.push(one);
          else if (kind === 'accepted' || kind === 'duplicate' || kind === 'conflict') {
            witness.answered(one.message.name, one.isOther, kind);
          }
        }
        again(unanswered);
      },
      onFailure(error) {
        if (!isForeseen(error)) return sim.violate(INVARIANTS.crash, `accept: ${String(error)}`);
        sim.note('client', () => `${batch.map(({ message }) => message.name).join(', ')}: ${String(error)}`);
        again(batch);
      },
    });
  }
}
