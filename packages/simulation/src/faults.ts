/** Which call is struck by which fault. */

import type { Fault, FaultRule } from './history.ts';

export interface Faults {
  /** The fault of the next call of this kind, if it has one. */
  strike(call: string): Fault | undefined;
  /** From now on everything works. */
  end(): void;
}

export function createFaults(rules: readonly FaultRule[]): Faults {
  const seen = new Map<string, number>();
  let over = false;
  return {
    strike(call) {
      if (over) return undefined;
      const number = seen.get(call) ?? 0;
      seen.set(call, number + 1);
      return rules.find((rule) => rule.call === call && number >= rule.nth && number < rule.nth + rule.times)?.fault;
    },
    end() {
      over = true;
    },
  };
}

/** A call failed. The name and the code are those that the SDK knows as transient. */
export class SimulatedFault extends Error {
  readonly code: string;

  constructor(name: 'ThrottlingException' | 'InternalServerError' | 'TimeoutError', code = name as string) {
    super(`simulated ${name}`);
    this.name = name;
    this.code = code;
  }
}
