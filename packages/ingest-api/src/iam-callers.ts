/**
 * Callers that IAM knows, bound to senders by a parameter.
 */

import { type Clock, ConfigError, errorMessage, type HealthProblem, type ParameterStore } from '@millrace/core';
import { ANYONE, type Caller } from './caller.ts';
import { principalOf } from './iam-principal.ts';
import { forbidden } from './problem-document.ts';
import { readSenderMap, type SenderMap } from './sender-map.ts';

export interface IamCallersDeps {
  readonly parameters: ParameterStore;
  readonly clock: Clock;
  readonly config: IamConfig;
  /** Told when the map cannot be read anew, and the one read before goes on to be used. */
  readonly onError?: (error: unknown) => void;
}

export interface IamConfig {
  /** The parameter that says who may act for which senders; undefined only with an open front door. */
  readonly callersParameter: string | undefined;
  /** Requests of which IAM says nothing are let in, for all senders. For emulators. */
  readonly openFrontDoor: boolean;
}

export interface IamCallers {
  /**
   * The caller with the ARN that IAM gave.
   *
   * @throws ProblemError 403; whatever reading the map throws when it was never read
   */
  callerOf(userArn: string | undefined): Caller | Promise<Caller>;
  /** Can the map be read? */
  health(): Promise<readonly HealthProblem[]>;
}

/** Milliseconds that a map is used before it is read again. */
const FRESH_MS = 60_000;

/** Milliseconds between two tries when it cannot be read: every request waits for such a try. */
const RETRY_MS = 5_000;

export function createIamCallers({ parameters, clock, config, onError }: IamCallersDeps): IamCallers {
  const { callersParameter, openFrontDoor } = config;
  let known: SenderMap | undefined;
  /** Epoch milliseconds. */
  let readAt = 0;
  let goodForMs = 0;
  let reading: Promise<SenderMap> | undefined;

  function currentMap(name: string): SenderMap | Promise<SenderMap> {
    const age = clock.now() - readAt;
    // A clock that was set back must not keep an old map for longer.
    if (known !== undefined && age >= 0 && age < goodForMs) return known;
    reading ??= refresh(name).finally(() => {
      reading = undefined;
    });
    return reading;
  }

  /** One at a time. Invariant: a request is judged by a map that was valid as a whole, or not let in. */
  async function refresh(name: string): Promise<SenderMap> {
    try {
      known = await readMap(name);
      goodForMs = FRESH_MS;
    } catch (error) {
      if (known === undefined) throw error;
      onError?.(error);
      goodForMs = RETRY_MS;
    }
    readAt = clock.now();
    return known;
  }

  async function readMap(name: string): Promise<SenderMap> {
    const text = await parameters.get(name);
    if (text === undefined) throw new ConfigError([`${name}: there is no such parameter`]);
    return readSenderMap(text, name);
  }

  return {
    async callerOf(userArn) {
      if (userArn === undefined) {
        if (openFrontDoor) return ANYONE;
        throw forbidden([], 'the front door did not ask who calls: it must require IAM');
      }
      if (callersParameter === undefined) return ANYONE;
      const principal = principalOf(userArn);
      const caller = principal === undefined ? undefined : (await currentMap(callersParameter)).get(principal);
      if (caller === undefined) throw forbidden([], `${principal ?? userArn} is not among the callers of this API`);
      return caller;
    },
    async health() {
      if (callersParameter === undefined) return [];
      try {
        await currentMap(callersParameter);
        return [];
      } catch (error) {
        return [{ part: 'callers', detail: errorMessage(error) }];
      }
    },
  };
}
