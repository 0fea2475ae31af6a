/** States of the claim model as texts, so that a search can keep and compare millions of them. */

import { STATUSES } from '@millrace/core';
import type { Bounds, Copy, Row, State, Worker } from './claim-model.ts';
import { PHASES } from './claim-model.ts';

const ROW_FIELDS = 7;

/**
 * One text for all states that differ only in the names of workers or the order of copies, because nothing that can
 * happen depends on those. Each worker and each copy is one character; the copies come last.
 */
export function encode(state: State): string {
  const { row, workers, copies } = state;
  const packed = workers.map((worker, index) => packWorker(worker, index, state));
  const order = workers.map((_, index) => index).sort((a, b) => (packed[a] ?? 0) - (packed[b] ?? 0));
  const owner = row.owner < 0 ? row.owner : order.indexOf(row.owner);
  return (
    fromCharCode(STATUSES.indexOf(row.status), row.round, row.attempts, row.replays, row.requests) +
    fromCharCode(owner + 2, row.isBeforeDue ? 1 : 0, ...order.map((index) => (packed[index] ?? 0) >> HELD_BITS)) +
    fromCharCode(...copies.map((copy) => packCopy(copy, order)).sort((a, b) => a - b))
  );
}

const { fromCharCode } = String;

function packCopy({ round, isVisible, holders }: Copy, order: readonly number[]): number {
  let renamed = 0;
  for (let place = 0; place < order.length; place++) renamed |= ((holders >> (order[place] ?? 0)) & 1) << place;
  return (round << 5) | (renamed << 1) | (isVisible ? 1 : 0);
}

/** Low bits of a packed worker that only tell workers apart: what it holds, and whether the claim is its own. */
const HELD_BITS = 7;

function packWorker({ phase, round, attempt }: Worker, index: number, { row, copies }: State): number {
  const held = copies.find(({ holders }) => (holders & (1 << index)) !== 0);
  const copy = held === undefined ? 0 : (held.round << 2) | (held.isVisible ? 3 : 2);
  const packed = (PHASES.indexOf(phase) << 8) | (round << 4) | attempt;
  return (packed << HELD_BITS) | (copy << 1) | (row.owner === index ? 1 : 0);
}

/** The state that `encode` wrote, or one that differs from it in the names of workers and the order of copies. */
export function decode(text: string, bounds: Bounds): State {
  const at = (index: number) => text.charCodeAt(index);
  const row: Row = {
    status: STATUSES[at(0)] ?? 'QUEUED',
    round: at(1),
    attempts: at(2),
    replays: at(3),
    requests: at(4),
    owner: at(5) - 2,
    isBeforeDue: at(6) === 1,
  };
  const workers: Worker[] = [];
  for (let index = ROW_FIELDS; index < ROW_FIELDS + bounds.workers; index++) {
    const packed = at(index);
    workers.push({ phase: PHASES[packed >> 8] ?? 'idle', round: (packed >> 4) & 15, attempt: packed & 15 });
  }
  const copies: Copy[] = [];
  for (let index = ROW_FIELDS + bounds.workers; index < text.length; index++) {
    const packed = at(index);
    copies.push({ round: packed >> 5, holders: (packed >> 1) & 15, isVisible: (packed & 1) === 1 });
  }
  return { row, workers, copies };
}
