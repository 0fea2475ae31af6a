/**
 * The real server under load, killed with SIGKILL again and again, on one folder and one port. Clients and receivers
 * live in this process and see everything, so that what the server says afterwards can be held against what happened.
 */

import { setTimeout as pause } from 'node:timers/promises';
import type { MessageView, Stats } from '../../src/api-shapes.ts';
import { type ApiClient, ApiError } from '../../src/client.ts';
import type { MillraceOptions, MillraceProcess } from './millrace-process.ts';
import { type Posted, type Posting, startPosting } from './posting.ts';
import { type Random, randomInt, seededRandom } from './random.ts';
import type { Receiver, Reception } from './receiver.ts';
import type { Sandbox } from './sandbox.ts';
import { until } from './until.ts';

export interface KillPlan {
  readonly seed: number;
  /** Each while clients post and messages are delivered. */
  readonly killsUnderLoad: number;
  /** So many more, while the server starts. */
  readonly killsAtStart: number;
  /** Of the server: deliveries under way at once. */
  readonly concurrency: number;
}

/** Each life of the server is an era, counted from 0; this is what was known when it was killed. */
interface Era {
  /** Requests that waited for the answer of a receiver. */
  readonly open: number;
  /** Webhook ids of messages that the server had called SUCCESS. */
  readonly settled: ReadonlySet<string>;
}

/** What happened to a message, as its sender, its receiver and the server saw it. */
export interface Story extends Posted {
  readonly receptions: readonly Reception[];
  /** As the server tells it; empty when it does not know the message. */
  readonly views: readonly MessageView[];
}

export interface KillRun {
  readonly eras: readonly Era[];
  readonly stories: readonly Story[];
  readonly stats: Stats;
}

const CLIENTS = 4;
/** Clients pause while so many messages have been posted that no receiver has seen. */
const MAX_UNSEEN = 80;
const MAX_UPTIME_MS = 400;
const MAX_START_MS = 700;
const FAILING = 0.35;

/** Runs until the last server has nothing left to do. */
export async function runAndKill(sandbox: Sandbox, plan: KillPlan): Promise<KillRun> {
  const random = seededRandom(plan.seed);
  const receivers = await startReceivers(sandbox, seededRandom(plan.seed + 1));
  // The request timeout stays at its default: a lease that a start does not end outlasts what `until` waits.
  const env = {
    MILLRACE_CONCURRENCY: String(plan.concurrency),
    MILLRACE_LOG_LEVEL: 'error',
    // So many requests fail on purpose that receivers would be left alone.
    MILLRACE_CIRCUIT_BREAKER: 'off',
  };
  const folder = await sandbox.folder();
  const millrace = await sandbox.start({ folder, env });
  const options = { folder, env, port: Number(new URL(millrace.url).port) };
  const client = sandbox.client(millrace.url);
  const posting = startPosting({
    client,
    clients: CLIENTS,
    targets: receivers.map(({ url }) => `${url}/hooks`),
    random: seededRandom(plan.seed + 2),
    mayPost: (posted) => posted - sum(receivers.map((receiver) => receiver.distinct())) < MAX_UNSEEN,
  });

  try {
    const eras = await killRepeatedly(sandbox, plan, { millrace, options, client, posting, receivers, random });
    await posting.stop();
    await until('nothing waits', async () => (await client.stats()).waiting === 0);
    return { eras, stories: await tellStories(client, posting, receivers), stats: await client.stats() };
  } finally {
    // When it failed, the clients must not go on.
    await posting.stop().catch(() => undefined);
  }
}

interface Scene {
  readonly millrace: MillraceProcess;
  /** Of every start after the first. */
  readonly options: MillraceOptions;
  readonly client: ApiClient;
  readonly posting: Posting;
  readonly receivers: readonly Receiver[];
  readonly random: Random;
}

/** Ends with a server that lives. */
async function killRepeatedly(sandbox: Sandbox, plan: KillPlan, scene: Scene): Promise<Era[]> {
  const { options, client, posting, receivers, random } = scene;
  const eras: Era[] = [];
  const kill = async (server: Pick<MillraceProcess, 'end'>, settled: ReadonlySet<string>): Promise<void> => {
    eras.push({ open: sum(receivers.map((receiver) => receiver.open())), settled });
    await server.end('SIGKILL');
    await beginEra(receivers, eras.length);
  };

  let { millrace } = scene;
  for (let kills = 1; kills <= plan.killsUnderLoad; kills++) {
    await until('a request reaches a receiver', () =>
      receivers.some(({ receptions }) => receptions.at(-1)?.era === eras.length),
    );
    await pause(randomInt(random, 0, MAX_UPTIME_MS));
    await kill(millrace, await findSettled(client, posting));
    if (kills % Math.floor(plan.killsUnderLoad / plan.killsAtStart) === 0) {
      const starting = sandbox.launch(options);
      await pause(randomInt(random, 0, MAX_START_MS));
      await kill(starting, new Set());
    }
    millrace = await restart(sandbox, options);
  }
  return eras;
}

async function startReceivers(sandbox: Sandbox, random: Random): Promise<readonly Receiver[]> {
  return [
    await sandbox.receiver(() => 200),
    await sandbox.receiver(() => (random() < FAILING ? 503 : 200)),
    await sandbox.receiver(() => pause(randomInt(random, 5, 100), 200)),
  ];
}

/** Waits until the connections of the dead server are over: what comes afterwards comes from its successor. */
async function beginEra(receivers: readonly Receiver[], era: number): Promise<void> {
  await until('the connections of the dead server are closed', async () => {
    const counts = await Promise.all(receivers.map((receiver) => receiver.connections()));
    return sum(counts) === 0;
  });
  for (const receiver of receivers) receiver.era = era;
}

/** Another program may have taken the port meanwhile, for a moment. */
function restart(sandbox: Sandbox, options: MillraceOptions): Promise<MillraceProcess> {
  return until('the server listens on its port again', () =>
    sandbox.start(options).catch((error: Error) => {
      if (error.message.includes(`port ${options.port} is in use`)) return undefined;
      throw error;
    }),
  );
}

async function findSettled(client: ApiClient, posting: Posting): Promise<Set<string>> {
  const { messages } = await client.list({ status: 'SUCCESS', limit: 200 });
  const webhookIds = new Map(posting.posted.map(({ input, webhookId }) => [input.messageId, webhookId]));
  return new Set(messages.flatMap(({ messageId }) => webhookIds.get(messageId) ?? []));
}

async function tellStories(client: ApiClient, posting: Posting, receivers: readonly Receiver[]): Promise<Story[]> {
  const stories: Story[] = [];
  const queue = [...posting.posted];
  const work = async (): Promise<void> => {
    for (let posted = queue.shift(); posted !== undefined; posted = queue.shift()) {
      const { webhookId } = posted;
      const receptions = receivers.flatMap((receiver) => receiver.of(webhookId));
      stories.push({ ...posted, receptions, views: await findViews(client, posted) });
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
  return stories;
}

async function findViews(client: ApiClient, { input }: Posted): Promise<readonly MessageView[]> {
  try {
    return await client.get(input.messageId, input.senderId);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
