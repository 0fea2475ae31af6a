import { setTimeout as sleep } from 'node:timers/promises';
import { acceptAndDeliver, type Bench } from '../bench.ts';
import type { FileRequest, FilesSent } from '../file-sender.ts';
import { type LargeFile, roomForFiles, writeLargeFile } from '../large-files.ts';
import { monotonicMs } from '../monotonic.ts';
import { forgetPeakMemory, hasProc, memoryBytes } from '../process-stats.ts';
import type { Goal, Row } from '../report.ts';
import { type Millrace, sendFiles, startMillrace, waitUntilSettled } from '../system-under-test.ts';

const BODIES = 20;
const SENDER = 'bench-large';
const MEBIBYTE = 2 ** 20;
/** Small messages, which come first: a process that has just started sends fewer than 20 at once to one origin. */
const WARM_UP_MESSAGES = 100;
/** What starting took is not idling. */
const AFTER_START_MS = 3_000;
const DELIVERY_LIMIT_MS = 60_000;

const MEMORY_GOAL: Goal = { of: 'value', atMost: 50 };

/** Twenty of the largest bodies at once: uploaded, then delivered; beside undici posting the same files. */
export async function large(bench: Bench): Promise<Row[]> {
  const { workbench, receiver, sizes } = bench;
  const bytes = Math.min(sizes.largeBytes, roomForFiles(workbench.root, BODIES));
  const first = bench.reserve(BODIES);
  bench.say(`large: writing ${BODIES} files of ${Math.floor(bytes / MEBIBYTE)} MiB`);
  const files: LargeFile[] = [];
  for (let i = 0; i < BODIES; i++) files.push(await writeLargeFile(workbench.path('body'), bytes, first + i));
  const direct = await postStraight(bench, files, first);

  const millrace = await startMillrace(workbench, { data: workbench.path('large') });
  await sleep(AFTER_START_MS);
  const idle = memoryOf(millrace).now;
  await acceptAndDeliver(bench, millrace, { batch: WARM_UP_MESSAGES, count: WARM_UP_MESSAGES });
  await waitUntilSettled(millrace, DELIVERY_LIMIT_MS);
  const warm = memoryOf(millrace).now;

  const uploads = await Promise.all(files.map((file) => beginUpload(millrace, file)));
  if (hasProc) forgetPeakMemory(millrace.pid);
  const uploaded = await sendFiles(workbench, uploads);
  assertAll(uploaded, 200);
  const peakUploading = memoryOf(millrace).peak;

  await receiver.reset(first, BODIES);
  if (hasProc) forgetPeakMemory(millrace.pid);
  const startMs = await postMessages(bench, millrace, files);
  const isSettled = await waitUntilSettled(millrace, DELIVERY_LIMIT_MS);
  const { lastEndMs, bytes: arrived, mostAtOnce } = await receiver.stats();
  const peakDelivering = memoryOf(millrace).peak;
  await millrace.stop();
  if (!isSettled || arrived !== BODIES * bytes) {
    throw new Error(`of ${BODIES} bodies of ${bytes} bytes only ${arrived} bytes arrived in time`);
  }

  const perSecond = (fromMs: number, untilMs: number) => inMegabytes(BODIES * bytes) / ((untilMs - fromMs) / 1_000);
  const directRate = perSecond(direct.startMs, direct.endMs);
  const row = (name: string, value: number | null, unit: string): Row => ({
    name: `large: ${BODIES} bodies of ${Math.floor(bytes / MEBIBYTE)} MiB, ${name}`,
    value,
    unit,
    reference: null,
  });
  const overIdle = (name: string, memory: number | null): Row =>
    row(`${name} over idle`, memory === null || idle === null ? null : (memory - idle) / MEBIBYTE, 'MiB');
  const isSmaller = bytes < sizes.largeBytes;
  return [
    row('idle memory', idle === null ? null : idle / MEBIBYTE, 'MiB'),
    {
      ...overIdle('memory before them', warm),
      note: `after ${WARM_UP_MESSAGES} small messages, which the peaks have in them too`,
    },
    { ...overIdle('peak memory, uploading,', peakUploading), goal: MEMORY_GOAL },
    {
      ...overIdle('peak memory, delivering,', peakDelivering),
      goal: MEMORY_GOAL,
      note: `${mostAtOnce} under way at once${isSmaller ? '; smaller bodies than planned: the disk is small' : ''}`,
    },
    { ...row('uploaded', perSecond(uploaded.startMs, uploaded.endMs), 'MB/s'), reference: directRate },
    {
      ...row('delivered', perSecond(startMs, lastEndMs ?? Number.NaN), 'MB/s'),
      reference: directRate,
      note: 'the reference is undici posting the same files to the receiver, all at once; Millrace reads each twice, to sign it',
    },
  ];
}

function inMegabytes(bytes: number): number {
  return bytes / 1e6;
}

function memoryOf({ pid }: Millrace): { readonly now: number | null; readonly peak: number | null } {
  return hasProc ? memoryBytes(pid) : { now: null, peak: null };
}

async function postStraight(bench: Bench, files: readonly LargeFile[], first: number): Promise<FilesSent> {
  await bench.receiver.reset(first, files.length);
  const requests = files.map(({ file, bytes }) => ({ method: 'POST', url: bench.receiver.hook, file, bytes }) as const);
  // The first time is of the disk's cache and of undici's compiler.
  await sendFiles(bench.workbench, requests);
  const sent = await sendFiles(bench.workbench, requests);
  assertAll(sent, 200);
  return sent;
}

async function beginUpload(millrace: Millrace, { file, bytes, sha256 }: LargeFile): Promise<FileRequest> {
  const ticket = await post(`${millrace.url}/payloads`, { senderId: SENDER, sha256, size: bytes }, 201);
  const { uploadUrl }: { uploadUrl: string } = JSON.parse(ticket);
  return { method: 'PUT', url: uploadUrl, file, bytes };
}

/** All in one request. @returns when it was sent, monotonic milliseconds */
async function postMessages(bench: Bench, millrace: Millrace, files: readonly LargeFile[]): Promise<number> {
  const timestamp = new Date().toISOString();
  const messages = files.map(({ sha256 }, index) => ({
    messageId: `large-${index}`,
    ...{ timestamp, senderId: SENDER, targetUrl: bench.receiver.hook },
    payloadId: `sha256-${sha256}`,
  }));
  const startMs = monotonicMs();
  await post(`${millrace.url}/messages`, { messages }, 202);
  return startMs;
}

async function post(url: string, body: unknown, status: number): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (response.status !== status) throw new Error(`${url} answered ${response.status}: ${text}`);
  return text;
}

function assertAll({ statuses }: FilesSent, status: number): void {
  const others = statuses.filter((answered) => answered !== status);
  if (others.length > 0) throw new Error(`files were answered with ${others.join(', ')}`);
}
