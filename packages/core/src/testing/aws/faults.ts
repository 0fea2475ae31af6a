/** What goes wrong on the way to a service, as a test wants it: which call, and how. */

import type { Json, ServiceName } from './service.ts';

/** A call as rules see it. */
export interface SeenCall {
  readonly service: ServiceName;
  readonly action: string;
  /** The parsed request; of S3 only `Bucket` and `Key`. */
  readonly input: Json;
  /** `lambda`: made by the event source mapping, not by the code under test. */
  readonly caller: Caller;
}

export type Caller = 'client' | 'lambda';

export type Fault =
  /** Answered with this error, without effect. `code` is the error's name, such as `ExpiredTokenException`. */
  | { readonly kind: 'error'; readonly code: string; readonly status?: number; readonly message?: string }
  /** The error by which the service says that it is asked too often. */
  | { readonly kind: 'throttle' }
  /** The connection breaks before the call takes effect. */
  | { readonly kind: 'cut-before' }
  /** The call takes effect; the connection breaks before the answer. */
  | { readonly kind: 'cut-after' }
  /** Real milliseconds, before the effect. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Held until the promise ends: before the effect (by default, and always in S3), or between effect and answer. */
  | { readonly kind: 'wait'; readonly until: Promise<unknown>; readonly at?: 'before' | 'after' }
  /** Entries of a batch of SQS, counted from 0, are answered as failed; without effect unless `takesEffect`. */
  | {
      readonly kind: 'fail-entries';
      readonly entries: readonly number[];
      readonly code?: string;
      readonly senderFault?: boolean;
      readonly takesEffect?: boolean;
    };

/** Which calls; what is left out matches all. Several rules may strike one call. */
export interface FaultRule {
  readonly service?: ServiceName;
  readonly action?: string;
  readonly where?: (call: SeenCall) => boolean;
  /** `client` by default. */
  readonly caller?: Caller;
  /** Only this one of the calls that match, counted from 1 since the rule was set. */
  readonly number?: number;
  /** Only from this one on. */
  readonly from?: number;
  readonly fault: Fault;
}

export interface FaultHandle {
  /** Calls that matched so far. */
  seen(): number;
  /** Calls that were struck so far. */
  struck(): number;
  remove(): void;
}

export interface Faults {
  add(rule: FaultRule): FaultHandle;
  clear(): void;
  /** The faults that strike this call, in the order in which their rules were set. */
  strike(call: SeenCall): readonly Fault[];
}

export function createFaults(): Faults {
  const rules = new Set<{ readonly rule: FaultRule; seen: number; struck: number }>();

  return {
    add(rule) {
      const counted = { rule, seen: 0, struck: 0 };
      rules.add(counted);
      return {
        seen: () => counted.seen,
        struck: () => counted.struck,
        remove: () => {
          rules.delete(counted);
        },
      };
    },
    clear: () => rules.clear(),
    strike(call) {
      const faults: Fault[] = [];
      for (const counted of rules) {
        if (!matches(counted.rule, call)) continue;
        counted.seen += 1;
        if (!strikes(counted.rule, counted.seen)) continue;
        counted.struck += 1;
        faults.push(counted.rule.fault);
      }
      return faults;
    },
  };
}

function matches({ service, action, caller = 'client', where }: FaultRule, call: SeenCall): boolean {
  if (service !== undefined && service !== call.service) return false;
  if (action !== undefined && action !== call.action) return false;
  return caller === call.caller && (where === undefined || where(call));
}

function strikes({ number, from = 1 }: FaultRule, seen: number): boolean {
  return number === undefined ? seen >= from : seen === number;
}
