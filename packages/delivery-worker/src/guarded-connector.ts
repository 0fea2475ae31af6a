/** Connections to targets, to no address but those that the guard lets pass. */

import { ADDRCONFIG, type LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { type AddressGuard, MillraceError } from '@millrace/core';
import type { buildConnector } from 'undici';
import buildUndiciConnector from 'undici/lib/core/connect.js';
import { ALLOWED_CIDRS_SETTING } from './config.ts';

/** All addresses of a name; rejects when it has none or nobody knows. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

export interface GuardedConnectorOptions {
  readonly guard: AddressGuard;
  /** Default: as every program on this machine does, its hosts file included. */
  readonly resolve?: Resolve;
  /** Milliseconds for all of it: the look-up, the connection, the TLS handshake. */
  readonly timeoutMs: number;
}

/** The target is at an address that is refused. */
export class BlockedAddressError extends MillraceError {
  constructor(hostname: string, address: string, what: string) {
    const place = hostname === address ? `${address} is` : `${hostname} resolves to ${address}, which is`;
    super('blocked-address', `${place} ${what} and not among ${ALLOWED_CIDRS_SETTING}`);
  }
}

/** The name of a target could not be resolved: it has no address, or its servers do not tell. */
export class NameError extends MillraceError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('name', message, { ...options, retryable: true });
  }
}

/** Of one name, so that it cannot make an attempt knock at hundreds of doors. */
const MOST_ADDRESSES_TRIED = 16;

/**
 * For undici. A name is resolved once for a connection, and every address of the answer must pass: one that does not is
 * a mistake or an attack, so the whole answer is refused. The connection goes to these addresses, the next when one
 * fails, and the name is not asked for again. TLS and the Host header know the target by its name all the same.
 */
export function createGuardedConnector(options: GuardedConnectorOptions): buildConnector.connector {
  const { guard, timeoutMs } = options;
  const resolve = sharingAnswers(options.resolve ?? resolveAsSystem);

  const check = (hostname: string, address: string): void => {
    const refusal = guard(address);
    if (refusal !== undefined) throw new BlockedAddressError(hostname, address, refusal);
  };
  const resolveChecked = async (hostname: string): Promise<LookupAddress[]> => {
    const addresses = await resolve(hostname).catch((error: Error) => {
      throw new NameError(error.message, { cause: error });
    });
    if (addresses.length === 0) throw new NameError(`${hostname} has no address`);
    for (const { address } of addresses) check(hostname, address);
    return addresses.slice(0, MOST_ADDRESSES_TRIED);
  };
  const lookup: LookupFunction = (hostname, _options, callback) => {
    resolveChecked(hostname).then(
      (addresses) => callback(null, addresses),
      (error) => callback(error, []),
    );
  };
  // With autoSelectFamily Node.js asks for all addresses, and tries them in turn.
  const connect = buildUndiciConnector({ allowH2: false, autoSelectFamily: true, timeout: timeoutMs, lookup });

  const connectToName: buildConnector.connector = (target, callback) => {
    let isResolved = false;
    const socket = connect(target, (...result) => {
      const [error] = result;
      const isNameLate = error !== null && isConnectTimeout(error) && !isResolved;
      if (!isNameLate) return callback(...result);
      const message = `the addresses of ${target.hostname} were not known within ${timeoutMs} ms`;
      callback(new NameError(message, { cause: error }), null);
    });
    socket.once('lookup', () => {
      isResolved = true;
    });
  };
  // An address is not looked up, so this is the only place where it can be checked.
  const connectToAddress: buildConnector.connector = (target, callback) => {
    try {
      check(target.hostname, target.hostname);
    } catch (error) {
      // Not at once: every other answer comes later as well.
      process.nextTick(callback, error, null);
      return;
    }
    connect(target, callback);
  };
  return (target, callback) => {
    const connectTo = isIP(target.hostname) === 0 ? connectToName : connectToAddress;
    connectTo(target, callback);
  };
}

/**
 * Asks for a name once at a time, for all connections that wait for it. The system has a handful of threads for such
 * questions, and a question always ends: one name whose servers are slow must not take them all, and keep every other
 * target waiting.
 */
function sharingAnswers(resolve: Resolve): Resolve {
  const underWay = new Map<string, ReturnType<Resolve>>();
  return (hostname) => {
    const answer = underWay.get(hostname) ?? resolve(hostname).finally(() => underWay.delete(hostname));
    underWay.set(hostname, answer);
    return answer;
  };
}

/** ADDRCONFIG, as Node.js itself asks: addresses of families that this machine does not have are of no use. */
function resolveAsSystem(hostname: string): Promise<LookupAddress[]> {
  return systemLookup(hostname, { all: true, hints: ADDRCONFIG });
}

function isConnectTimeout(error: Error & { code?: string }): boolean {
  return error.code === 'UND_ERR_CONNECT_TIMEOUT';
}
