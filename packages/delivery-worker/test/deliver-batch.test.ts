import { describe, expect, test } from '@jest/globals';
import type { AttemptOutcome, ClaimResult, Entry } from '@millrace/core';
import fc from 'fast-check';
import { type Disposition, deliver } from '../src/deliver.ts';
import { LEASE_UNTIL, won } from './support/claims.ts';
import { entriesNamed, idOf } from './support/entries.ts';
import { makeScripted, OK } from './support/scripted.ts';

/** Promises that a test resolves by the name of the message. */
function makeGates<T>() {
  const gates = new Map<string, (value: T) => void>();
  return {
    wait: (entry: Pick<Entry, 'identity'>) => new Promise<T>((resolve) => gates.set(idOf(entry), resolve)),
    open(name: string, value: T): void {
      gates.get(name)?.(value);
    },
  };
}

/** All that can happen without an answer from outside has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a batch', () => {
  test('may be empty', async () => {
    const { deps, events } = makeScripted();
    expect(await deliver([], deps)).toEqual([]);
    expect(events).toEqual([]);
  });

  test('is answered in its order, whatever the order in which its deliveries end', async () => {
    const kinds: Record<string, ClaimResult> = {
      stale: { kind: 'stale' },
      busy: { kind: 'busy', until: LEASE_UNTIL },
      missing: { kind: 'missing' },
    };
    const requested = ['a', 'b', 'left'];
    const names = [...requested, ...Object.keys(kinds)];
    const endsArbitrary = fc.shuffledSubarray(requested, { minLength: requested.length });
    const answers: Record<string, Disposition> = { left: 'leave' };
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(names, { minLength: 1 }), endsArbitrary, async (batch, ends) => {
        const gates = makeGates<AttemptOutcome>();
        const { deps } = makeScripted({
          claim: ({ entry }) => kinds[idOf(entry)] ?? won(),
          send: (entry) => gates.wait(entry),
          settle: ({ entry }) => (idOf(entry) === 'left' ? 'leave' : 'settled'),
        });
        const delivered = deliver(entriesNamed(...batch), deps);
        for (const name of ends) {
          await settled();
          gates.open(name, OK);
        }
        expect(await delivered).toEqual(batch.map((name) => answers[name] ?? 'acknowledge'));
      }),
      { numRuns: 100 },
    );
  });

  test('claims each entry alone, and requests it at once when its claim is won', async () => {
    const gates = makeGates<ClaimResult>();
    const scripted = makeScripted({ claim: ({ entry }) => gates.wait(entry) });
    const delivered = deliver(entriesNamed('a', 'b', 'c'), scripted.deps);
    await settled();
    expect(scripted.events).toEqual(['claim a', 'claim b', 'claim c']);
    for (const name of ['b', 'c', 'a']) {
      const before = scripted.events.length;
      gates.open(name, won());
      await settled();
      expect(scripted.events.slice(before)).toEqual([`claimed ${name}`, `send ${name}`, `settle ${name}`]);
    }
    expect(await delivered).toEqual(['acknowledge', 'acknowledge', 'acknowledge']);
  });

  test('is not delayed by a slow target: the others are claimed, requested and settled meanwhile', async () => {
    const gates = makeGates<AttemptOutcome>();
    const { deps, events } = makeScripted({ send: (entry) => (idOf(entry) === 'slow' ? gates.wait(entry) : OK) });
    const delivered = deliver(entriesNamed('slow', 'a', 'b'), deps);
    await settled();
    expect(events.filter((event) => event.startsWith('settle'))).toEqual(['settle a', 'settle b']);
    gates.open('slow', OK);
    expect(await delivered).toEqual(['acknowledge', 'acknowledge', 'acknowledge']);
    expect(events.at(-1)).toBe('settle slow');
  });

  test('has a token of its own for each claim, and settles under it', async () => {
    const { deps, claims, settlements } = makeScripted();
    await deliver(entriesNamed('a', 'b', 'a'), deps);
    const tokens = claims.map(({ token }) => token);
    expect(new Set(tokens).size).toBe(3);
    expect(settlements.map(({ entry, token }) => [entry, token])).toEqual(
      claims.map(({ entry, token }) => [entry, token]),
    );
  });
});
