/**
 * What is known of a target, as operators see it in JSON.
 */

import { activeHold, type Circuit, HOLD_KINDS, type Hold, type TargetKey, type TargetState } from '@millrace/core';
import * as z from 'zod/mini';
import { described } from './fields.ts';
import { count, isoTime, time } from './views.ts';

const CIRCUIT_STATES = ['closed', 'open', 'half-open'] as const satisfies readonly Circuit['state'][];

const circuitSchema = z.object({
  state: described(z.enum(CIRCUIT_STATES), 'Open: nothing is sent; half-open: one request is, to see whether it works'),
  since: time('Since when it is in this state'),
  until: z.nullable(time('When it can be probed next, or the lease of the probe ends; null when it is closed')),
  requests: count('Requests in the window: up to a minute now, or before it opened'),
  failures: count('How many of them failed'),
  why: described(z.nullable(z.string()), 'The last failure; null when it is closed'),
});

const holdSchema = z.object({
  kind: described(z.enum(HOLD_KINDS), 'Messages to what is gone fail at once; others wait'),
  since: time('When it began'),
  until: z.nullable(time('When it ends by itself; null when an operator must release it')),
  why: z.string(),
});

export const targetViewSchema = z.object({
  senderId: z.string(),
  target: described(z.string(), 'An origin, or a URL in canonical form'),
  circuit: described(z.nullable(circuitSchema), 'Of an origin; null when nothing failed lately'),
  hold: z.nullable(holdSchema),
});

export function targetView(
  { senderId, target }: TargetKey,
  { circuit, hold }: TargetState,
  now: number,
): z.output<typeof targetViewSchema> {
  const active = activeHold(hold, now);
  return {
    ...{ senderId, target },
    circuit: circuit && circuitView(circuit),
    hold: active && holdView(active),
  };
}

function circuitView(circuit: Circuit): z.output<typeof circuitSchema> {
  const { state, since } = circuit;
  if (state !== 'closed') {
    const { until, requests, failures, why } = circuit;
    return { state, since: isoTime(since), until: isoTime(until), requests, failures, why };
  }
  const total = (field: 'requests' | 'failures') => circuit.counts.reduce((sum, counts) => sum + counts[field], 0);
  return {
    ...{ state, since: isoTime(since), until: null },
    ...{ requests: total('requests'), failures: total('failures'), why: null },
  };
}

function holdView(hold: Hold): z.output<typeof holdSchema> {
  const { kind, since, why } = hold;
  return { kind, since: isoTime(since), until: hold.kind === 'retry-after' ? isoTime(hold.until) : null, why };
}
