/**
 * `make demo`: the whole job on real input, in some ten seconds. Ends with 0 only when every promise held.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageView } from '../src/api-shapes.ts';
import { type ApiClient, ApiError, createClient, isRetryable } from '../src/client.ts';
import { formatCount } from '../src/term/format.ts';
import { type MillraceProcess, runMillrace, startMillrace } from '../test/support/millrace-process.ts';
import { createNarrator, type Narrator } from './narrator.ts';
import { startTargets, type Targets } from './targets.ts';
import { readWebhooks, type TargetName, type Webhook } from './webhooks.ts';

const TARGET_NAMES: readonly TargetName[] = ['healthy', 'flaky', 'down'];
/** Posts under way at once. */
const CLIENTS = 8;
/** Every so many webhooks are posted twice. */
const REPEAT_EVERY = 5;
const PATIENCE_MS = 60_000;
const POLL_MS = 50;
/** The targets are one origin, at which most requests fail: it would be left alone for longer than a demo lasts. */
const ENV = { MILLRACE_CIRCUIT_BREAKER: 'off' };

interface Demo {
  readonly narrator: Narrator;
  readonly targets: Targets;
  readonly webhooks: readonly Webhook[];
  readonly folder: string;
  millrace: MillraceProcess;
  readonly client: ApiClient;
}

interface Posted {
  accepted: number;
  duplicates: number;
  repeatedByUs: number;
  unanswered: number;
}

async function main(): Promise<void> {
  const narrator = createNarrator(process.stdout, process.env);
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-demo-'));
  const targets = await startTargets();
  let demo: Demo | undefined;
  try {
    const webhooks = readWebhooks(targets.urls, new Date().toISOString());
    narrator.title(`Millrace: ${webhooks.length} real GitHub webhooks, three targets, one crash`);
    narrator.step('Start a server on an empty folder');
    const millrace = await startMillrace({ folder, env: ENV });
    const client = createClient({ url: millrace.url, now: Date.now, connections: CLIENTS });
    demo = { narrator, targets, webhooks, folder, millrace, client };
    introduce(demo);
    await tell(demo);
  } finally {
    await demo?.client.close();
    await demo?.millrace.end('SIGKILL');
    targets.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tell(demo: Demo): Promise<void> {
  const { narrator } = demo;
  narrator.step('Post them, some of them twice; kill the server with SIGKILL half-way, and start it again');
  await postAll(demo);
  await showRefusals(demo);

  narrator.step('Wait until nothing is left to do');
  await settled(demo);
  const before = await listAll(demo.client);
  showTargets(demo, before);

  narrator.step('Look at the dead letters');
  showDeadLetters(demo, before);

  narrator.step('Bring the dead target back, and replay');
  demo.targets.bringBack();
  const { replayed } = await demo.client.replay({ target: demo.targets.urls.down, dryRun: false });
  narrator.say(`${replayed} messages sent again`);
  await settled(demo);
  const after = await listAll(demo.client);
  showTargets(demo, after);

  narrator.step('Check every promise');
  await checkPromises(demo, before, after);
  await stopCleanly(demo);

  narrator.step('Ask questions of its own deliveries: fold the attempt log into Parquet, and query that');
  await showDeliveries(demo);

  const broken = narrator.broken();
  if (broken > 0) process.exitCode = 1;
  narrator.title(broken === 0 ? 'Every promise held. Your turn: make up' : `${broken} promises did not hold.`);
}

function introduce({ narrator, targets, millrace }: Demo): void {
  narrator.say(`API      ${millrace.url}`);
  narrator.say(`healthy  ${targets.urls.healthy}  answers 200`);
  narrator.say(`flaky    ${targets.urls.flaky}  answers 503 twice to every message, then 200`);
  narrator.say(`down     ${targets.urls.down}  closes every connection`);
}

/** Posts every webhook until it has an answer: what a sender must do that wants its messages to arrive. */
async function postAll(demo: Demo): Promise<void> {
  const posted: Posted = { accepted: 0, duplicates: 0, repeatedByUs: 0, unanswered: 0 };
  const queue = demo.webhooks.flatMap((webhook, index) =>
    index % REPEAT_EVERY === 0 ? [webhook, webhook] : [webhook],
  );
  posted.repeatedByUs = queue.length - demo.webhooks.length;
  const crashAt = Math.floor(queue.length / 2);
  let crash: Promise<void> | undefined;

  const work = async (): Promise<void> => {
    for (let webhook = queue.shift(); webhook !== undefined; webhook = queue.shift()) {
      if (queue.length <= crashAt) crash ??= crashAndRestart(demo);
      await post(demo.client, webhook, posted);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
  await crash;

  const { accepted, duplicates, repeatedByUs, unanswered } = posted;
  const swallowed = duplicates - repeatedByUs;
  demo.narrator.say(`${unanswered} posts got no answer while the server was down, and were posted again`);
  demo.narrator.say(`${accepted} accepted (202), ${duplicates} recognised as repeats (200):`);
  demo.narrator.say(`${repeatedByUs} posted twice on purpose, ${swallowed} accepted just before the crash`);
}

async function post(client: ApiClient, { message }: Webhook, posted: Posted): Promise<void> {
  for (;;) {
    try {
      const { duplicate } = await client.send(message);
      if (duplicate) posted.duplicates++;
      else posted.accepted++;
      return;
    } catch (error) {
      if (!isRetryable(error)) throw error;
      posted.unanswered++;
      await sleep(POLL_MS);
    }
  }
}

async function crashAndRestart(demo: Demo): Promise<void> {
  const delivered = demo.targets.delivered();
  const port = Number(new URL(demo.millrace.url).port);
  await demo.millrace.end('SIGKILL');
  demo.narrator.say(`killed with ${delivered} delivered`);
  demo.millrace = await startMillrace({ folder: demo.folder, port, env: ENV });
  demo.narrator.say('started again on the same folder');
}

/** Two requests that must be refused, to show how. */
async function showRefusals({ narrator, client, webhooks }: Demo): Promise<void> {
  const message = webhooks[0]?.message;
  if (message === undefined) throw new Error('there are no webhooks');
  const conflict = await refusal(() => client.send({ ...message, body: '{"other":"content"}' }));
  narrator.say(`the same identity with other content is refused: ${conflict.status} ${conflict.problem?.type}`);
  const invalid = await refusal(() => client.send({ ...message, targetUrl: 'ftp://example', timestamp: 'yesterday' }));
  narrator.say(`a bad message is refused with all that is wrong: ${invalid.status} ${invalid.problem?.type}`);
  for (const problem of invalid.problem?.problems ?? []) narrator.say(`  ${problem.path}: ${problem.message}`);
}

async function refusal(send: () => Promise<unknown>): Promise<ApiError> {
  try {
    await send();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('a message was accepted that had to be refused');
}

/** Waits until no message waits any more. */
async function settled({ client, narrator }: Demo): Promise<void> {
  const started = Date.now();
  for (;;) {
    const stats = await client.stats();
    if (stats.waiting === 0) {
      const { accepted, succeeded, failed, waiting, difference } = stats;
      const sum = `${accepted} accepted = ${succeeded} succeeded + ${failed} failed + ${waiting} waiting`;
      narrator.say(`${sum}, difference ${difference}  (after ${((Date.now() - started) / 1_000).toFixed(1)} s)`);
      return;
    }
    if (Date.now() - started > PATIENCE_MS) throw new Error(`${stats.waiting} messages still wait after a minute`);
    await sleep(POLL_MS);
  }
}

async function listAll(client: ApiClient): Promise<readonly MessageView[]> {
  const messages: MessageView[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await client.list({ limit: 200, cursor });
    messages.push(...page.messages);
    cursor = page.cursor;
  }
  return messages;
}

function showTargets({ narrator, targets }: Demo, messages: readonly MessageView[]): void {
  const rows = TARGET_NAMES.map((name) => {
    const sent = messages.filter((message) => message.targetUrl === targets.urls[name]);
    const receptions = [...targets.received[name].values()];
    const delivered = receptions.reduce((sum, reception) => sum + reception.delivered, 0);
    const distinct = receptions.filter((reception) => reception.delivered > 0).length;
    return {
      name,
      messages: sent.length,
      success: sent.filter((message) => message.status === 'SUCCESS').length,
      failed: sent.filter((message) => message.status === 'FAILED').length,
      attempts: sent.reduce((sum, message) => sum + message.totalAttempts, 0),
      distinct,
      repeats: delivered - distinct,
    };
  });
  const count = (title: string, of: (row: (typeof rows)[number]) => number) =>
    ({ title, text: (row: (typeof rows)[number]) => formatCount(of(row)), align: 'right' }) as const;
  narrator.table(
    [
      { title: 'target', text: (row) => row.name },
      count('messages', (row) => row.messages),
      count('SUCCESS', (row) => row.success),
      count('FAILED', (row) => row.failed),
      count('attempts', (row) => row.attempts),
      count('arrived', (row) => row.distinct),
      count('arrived again', (row) => row.repeats),
    ],
    rows,
  );
}

const SHOWN_DEAD_LETTERS = 4;

function showDeadLetters({ narrator }: Demo, messages: readonly MessageView[]): void {
  const dead = messages.filter((message) => message.status === 'FAILED');
  narrator.table(
    [
      { title: 'message', text: (row) => row.messageId, shrink: { to: 16, keep: 'start', order: 1 } },
      { title: 'reason', text: (row) => row.reason ?? '' },
      { title: 'attempts', text: (row) => `${row.attempts}/${row.maxAttempts}`, align: 'right' },
      { title: 'last error', text: (row) => row.lastError?.message ?? '', shrink: { to: 20, keep: 'start', order: 0 } },
    ],
    dead.slice(0, SHOWN_DEAD_LETTERS),
  );
  if (dead.length > SHOWN_DEAD_LETTERS) narrator.say(`… and ${dead.length - SHOWN_DEAD_LETTERS} more`);
}

async function checkPromises(
  { narrator, client, targets, webhooks }: Demo,
  before: readonly MessageView[],
  after: readonly MessageView[],
): Promise<void> {
  const stats = await client.stats();
  const receptions = TARGET_NAMES.flatMap((name) => [...targets.received[name].values()]);
  const arrived = receptions.filter((reception) => reception.delivered > 0);
  const digests = new Set(arrived.flatMap((reception) => [...reception.digests]));
  const isDown = (message: MessageView): boolean => message.targetUrl === targets.urls.down;

  narrator.promise(stats.accepted === webhooks.length, `${webhooks.length} webhooks were accepted exactly once each`);
  narrator.promise(
    before.every((message) => (isDown(message) ? message.status === 'FAILED' : message.status === 'SUCCESS')),
    'all for the healthy and the flaky target were delivered, all for the dead one became dead letters',
  );
  narrator.promise(
    before.filter(isDown).every((message) => message.reason === 'exhausted' || message.reason === 'interrupted'),
    'every dead letter tells its reason',
  );
  narrator.promise(
    after.length === webhooks.length && after.every((message) => message.status === 'SUCCESS'),
    'after the replay every message was delivered',
  );
  narrator.promise(
    arrived.length === webhooks.length && webhooks.every((webhook) => digests.has(webhook.digest)),
    'every body arrived byte for byte',
  );
  narrator.promise(
    arrived.every((reception) => reception.digests.size === 1 && reception.events.size === 1),
    'a repeat carried the same webhook-id, headers and body as its first',
  );
  narrator.promise(
    [...before, ...after].every((message) => message.attempts <= message.maxAttempts),
    'no message had more attempts than its plan',
  );
  narrator.promise(stats.difference === 0 && stats.waiting === 0, 'the accounting adds up');
}

/** What `millrace up` does by itself once a minute, and what analysts do with it. */
async function showDeliveries({ narrator, folder }: Demo): Promise<void> {
  const checkpoint = path.join(folder, 'checkpoints');
  const places = ['--dataset', 'deliveries', '--source', folder, '--checkpoint', checkpoint];
  const show = async (...args: string[]): Promise<number | null> => {
    const { code, stdout, stderr } = await runMillrace(args);
    for (const line of `${stderr}${stdout}`.trimEnd().split('\n')) narrator.say(line);
    return code;
  };
  const folded = await show('checkpoint', 'run', ...places);
  const questions = ['deliveries-by-target', 'delivery-failures'];
  const answered: boolean[] = [];
  for (const question of questions) {
    narrator.say(`millrace query ${question}`);
    answered.push((await show('query', question, '--source', checkpoint)) === 0);
  }
  narrator.promise(folded === 0 && answered.every(Boolean), 'its attempts were folded, and questions answered');
  const verified = await show('checkpoint', 'verify', ...places);
  narrator.promise(verified === 0, 'every attempt of the log is a row of the checkpoint, and no row is there twice');
}

async function stopCleanly({ narrator, millrace }: Demo): Promise<void> {
  const exitCode = await millrace.end('SIGTERM');
  narrator.promise(exitCode === 0, 'the server stopped cleanly');
}

await main();
