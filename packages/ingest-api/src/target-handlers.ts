/**
 * The calls about targets: what keeps messages from them, holding and releasing them.
 */

import {
  activeHold,
  type CircuitStore,
  type Clock,
  InvalidCursorError,
  NOTHING_KNOWN,
  offerProbe,
  placeHold,
  type TargetKey,
  type TargetState,
  targetOrigin,
  updateTarget,
} from '@millrace/core';
import { type Caller, type CallerHandler, withinSenders } from './caller.ts';
import { invalidCursor, notFound } from './problem-document.ts';
import { type OnBytes, readJsonBody } from './request-body.ts';
import { targetSchema, targetsQuerySchema } from './requests.ts';
import { targetView } from './target-views.ts';
import { validate, validateQuery } from './validate.ts';

export interface TargetDeps {
  readonly circuits: CircuitStore;
  readonly clock: Clock;
  /** Told of each target that an operator has held or released. */
  readonly onTarget?: (key: TargetKey) => void;
}

/** `GET /targets` */
export function listTargets({ circuits, clock }: TargetDeps): CallerHandler {
  return async (c, caller) => {
    const query = withinSenders(caller, validateQuery(targetsQuerySchema, c.req.url), '?senderId');
    const { targets, cursor } = await circuits.list(query).catch((error: unknown) => {
      throw error instanceof InvalidCursorError ? invalidCursor('?cursor') : error;
    });
    const now = clock.now();
    return c.json({ targets: targets.map(({ key, state }) => targetView(key, state, now)), cursor });
  };
}

/** `POST /targets/hold` */
export function holdTarget(deps: TargetDeps): CallerHandler {
  return async (c, caller, visit) => {
    const { senderId, target } = await readTarget(c.req.raw, caller, visit.grow);
    const isOrigin = target === `${targetOrigin(target)}/`;
    const key = { senderId, target: isOrigin ? targetOrigin(target) : target };
    const now = deps.clock.now();
    const state = await change(deps, key, (present) => {
      const hold = placeHold(present.hold, { kind: 'manual', since: now, why: 'by an operator' }, now);
      return hold === present.hold ? undefined : { ...present, hold };
    });
    return c.json(targetView(key, state.now, now));
  };
}

/** `POST /targets/release` */
export function releaseTarget(deps: TargetDeps): CallerHandler {
  return async (c, caller, visit) => {
    const { senderId, target } = await readTarget(c.req.raw, caller, visit.grow);
    const origin = targetOrigin(target);
    // What looks like an origin is its root URL as well, which may be gone.
    const targets = target === `${origin}/` ? [origin, target] : [target];
    const now = deps.clock.now();
    const [named, ...others] = await Promise.all(
      targets.map(async (one) => change(deps, { senderId, target: one }, (present) => released(present, now))),
    );
    if (![named, ...others].some((state) => state?.changed)) {
      throw notFound('it is neither held, nor is its circuit open');
    }
    return c.json(targetView({ senderId, target: targets[0] ?? target }, named?.now ?? NOTHING_KNOWN, now));
  };
}

/** Undefined when there is nothing to release. */
function released(state: TargetState, now: number): TargetState | undefined {
  const isHeld = activeHold(state.hold, now) !== null;
  const isOpen = state.circuit?.state === 'open' && state.circuit.until > now;
  return isHeld || isOpen ? { circuit: offerProbe(state.circuit, now), hold: null } : undefined;
}

async function readTarget(request: Request, caller: Caller, onBytes: OnBytes): Promise<TargetKey> {
  return withinSenders(caller, validate(targetSchema, await readJsonBody(request, onBytes)), '$.senderId');
}

async function change(
  { circuits, onTarget }: TargetDeps,
  key: TargetKey,
  make: (state: TargetState) => TargetState | undefined,
): Promise<{ readonly now: TargetState; readonly changed: boolean }> {
  const [seen = null] = await circuits.read([key]);
  const { known, before } = await updateTarget(circuits, key, seen, make);
  if (before !== undefined) onTarget?.(key);
  return { now: known?.state ?? NOTHING_KNOWN, changed: before !== undefined };
}
