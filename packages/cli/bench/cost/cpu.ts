/** CPU that the functions take, warm, with the local AWS and the target in a process of their own. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { systemClock } from '@millrace/core';
import { createAwsClients, createAwsStores } from '@millrace/core/aws';
import type { Cpu } from './bill.ts';
import { createFunctions, type Functions } from './functions.ts';
import { eventsOf, type Profile } from './load.ts';
import type { FromServices, ToServices } from './services.ts';

const CONTEXT = { getRemainingTimeInMillis: () => 600_000 };

/** Over several invocations. */
interface Times {
  ms: number;
  invocations: number;
}

interface Services {
  say(message: ToServices): void;
  /** What they say next, which must be of one of these kinds. */
  next<K extends FromServices['kind']>(...kinds: K[]): Promise<Extract<FromServices, { kind: K }>>;
  stop(): void;
}

/**
 * CPU of all threads of this process while a function works: garbage collection and connections are in it, TLS is not.
 *
 * @param warmUp messages that come before those that are measured
 */
export async function measureCpu(profile: Profile, messages: number, warmUp: number): Promise<Cpu> {
  const services = startServices();
  try {
    const { aws, resources, targetUrl } = await services.next('ready');
    const clients = createAwsClients(aws);
    const stores = createAwsStores(resources, { backend: 'ssm', prefix: '/cost/secrets' }, { clients });
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const functions = createFunctions({ ...stores, clock: systemClock, onError });
    const run = async (first: number, end: number): Promise<Cpu> => ({
      apiMs: await timeApi(functions, eventsOf(profile, targetUrl, first, end)),
      workerMs: await timeWorker(functions, services, profile.workerBatch),
    });
    await run(0, warmUp);
    const cpu = await run(warmUp, warmUp + messages);
    await functions.close();
    for (const client of Object.values(clients)) client.destroy();
    if (errors.length > 0) throw new AggregateError(errors, 'what was measured met errors');
    return cpu;
  } finally {
    services.stop();
  }
}

async function timeApi({ api }: Functions, events: readonly unknown[]): Promise<number> {
  const times: Times = { ms: 0, invocations: 0 };
  for (const event of events) {
    const text = JSON.stringify(event);
    const { statusCode, body } = await timed(times, () => api(JSON.parse(text)));
    if (statusCode !== 202) throw new Error(`the API answered ${statusCode}: ${body}`);
  }
  return times.ms / times.invocations;
}

async function timeWorker({ worker }: Functions, services: Services, batchSize: number): Promise<number> {
  const times: Times = { ms: 0, invocations: 0 };
  services.say({ kind: 'settle', batchSize });
  for (;;) {
    const message = await services.next('invoke', 'settled');
    if (message.kind === 'settled') return times.ms / times.invocations;
    const answer = await timed(times, () => worker(JSON.parse(message.event), CONTEXT));
    services.say({ kind: 'answer', answer });
  }
}

/** With the reading of the event, as the runtime does it. */
async function timed<T>(times: Times, work: () => Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  times.ms += (user + system) / 1_000;
  times.invocations += 1;
  return result;
}

/** Invariant: they say nothing without being asked, so that nothing is missed between two calls of `next`. */
function startServices(): Services {
  const child: ChildProcess = fork(new URL('services.ts', import.meta.url), { stdio: 'inherit' });
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`the services ended with ${code}`);
  });
  ended.catch(() => undefined);
  return {
    say: (message) => void child.send(message),
    async next(...kinds) {
      const [message]: FromServices[] = await Promise.race([once(child, 'message'), ended]);
      if (message !== undefined && isOneOf(message, kinds)) return message;
      throw new Error(`the services said ${message?.kind}`);
    },
    stop: () => child.disconnect(),
  };
}

function isOneOf<K extends FromServices['kind']>(
  message: FromServices,
  kinds: readonly K[],
): message is Extract<FromServices, { kind: K }> {
  return kinds.some((kind) => kind === message.kind);
}
