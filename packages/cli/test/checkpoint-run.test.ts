import { chmod, cp, mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openPlainObjectStore } from '@millrace/core/sqlite';
import { someEventName, useCheckpointFolders } from './support/checkpoint-folders.ts';
import { runCli } from './support/run-cli.ts';

const folders = useCheckpointFolders();

/** Every file below a folder, with its bytes. */
async function contentOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(file, 'base64')] as const)));
}

describe('millrace checkpoint run', () => {
  test('folds a folder into Parquet files at the paths of its template, and tells what it did', async () => {
    await folders.fill(200);
    await folders.put('README', 'not an event');
    const { code, stdout, stderr } = await folders.run('run');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^FILE +ADDED +ROWS +SIZE\nvisit-events\/adrc\/apoe\/events\.parquet +\d+ +\d+ +\d.* kB\n/);
    expect(stdout).toContain('read 200 objects of 201 listed, folded 200 events in ');
    expect(stdout).toMatch(/\nin all 200 events, the newest of 2024-02-01T00:0\d:\d\d\.\d{6}Z\n/);
    expect(stdout).toContain('\nignored: 1 object, not a log file\n');
    const bytes = await readFile(path.join(folders.checkpoint, 'visit-events/adrc/form/events.parquet'));
    expect(bytes.subarray(0, 4).toString()).toBe('PAR1');
  });

  test('folds what is new, and nothing twice: not what was touched, nor a copy of the folder', async () => {
    const [first = ''] = await folders.fill(20);
    await folders.run('run');
    await utimes(path.join(folders.source, first), 0, 0);
    expect(await folders.json('run')).toMatchObject({ events: { folded: 0 }, totalEvents: 20, groups: [] });
    await rename(folders.source, `${folders.source}-before`);
    await cp(`${folders.source}-before`, folders.source, { recursive: true });
    expect(await folders.json('run')).toMatchObject({ events: { folded: 0 }, totalEvents: 20 });
    await folders.fill(5, 2);
    expect(await folders.json('run')).toMatchObject({ events: { folded: 5 }, objects: { read: 5 }, totalEvents: 25 });
  });

  test('writes nothing into the source, and changes nothing there', async () => {
    await folders.fill(10);
    const before = await contentOf(folders.source);
    for (const command of ['run', 'verify', 'rebuild', 'run']) expect((await folders.run(command)).code).toBe(0);
    expect(await contentOf(folders.source)).toEqual(before);
    expect((await readdir(folders.source)).length).toBe(before.size);
  });

  test('prints with --json a report with times in microseconds, and nothing else', async () => {
    await folders.fill(3);
    expect(await folders.json('run')).toEqual({
      ...{ runId: expect.stringMatching(/^[0-9a-f-]{36}$/), dataset: 'visit-events', complete: true },
      ...{ fullListing: true, failures: [], failuresLeftOut: 0, executionMs: 0, totalEvents: 3 },
      objects: { listed: 3, ignored: {}, read: 3, refused: 0, gone: 0, left: 0, pending: 0 },
      events: { folded: 3, invalid: 0, filtered: {} },
      groups: expect.arrayContaining([
        { path: expect.stringMatching(/^visit-events\//), added: 1, rows: 1, bytes: expect.any(Number) },
      ]),
      lastTimestamp: expect.stringMatching(/^2024-02-01T00:00:\d\d\.\d{6}Z$/),
    });
  });

  test('ends with 3 when an event is not valid, with the reasons, and folds the others', async () => {
    await folders.fill(4);
    const names = Array.from({ length: 22 }, (_, second) => someEventName(second));
    for (const name of names) await folders.put(name, '{"action":"submit","ptid":""}');
    const { code, stdout, stderr } = await folders.run('run');
    expect({ code, stderr }).toEqual({ code: 3, stderr: 'millrace: done in part: 22 failures\n' });
    expect(stdout).toContain('folded 4 events');
    expect(stdout).toContain('not valid: 22 events\n');
    expect(stdout.match(/^content: log-/gm)).toHaveLength(20);
    expect(stdout).toMatch(/^content: log-.*\.json: pipeline_adcid: is missing; .*; and 5 more$/m);
    expect(stdout).toContain('… and 2 more failures: --json names them\n');
    expect((await folders.json('run'))['failures']).toEqual([]);
  });

  test('ends with 3 while an object cannot be read, names it, and folds it once it can be', async () => {
    const [first = '', second = ''] = await folders.fill(2);
    await rm(path.join(folders.source, first));
    await symlink('/etc/hostname', path.join(folders.source, first));
    const { code, stdout, stderr } = await folders.run('run');
    expect(stdout).toContain(`transport: ${first}: ${first} is a link that leads out of the folder`);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: 'millrace: done in part: 1 failure, 1 object kept for the next run\n',
    });
    const status = await folders.run('status');
    expect(status.stdout).toMatch(new RegExp(`1 object waiting:\\n  ${first} since 2026-11-22T10:00:00\\.000000Z: `));
    await rm(path.join(folders.source, first));
    await folders.put(first, await readFile(path.join(folders.source, second)));
    expect(await folders.json('run')).toMatchObject({ events: { folded: 1 }, objects: { pending: 0 }, totalEvents: 2 });
  });

  test('ends with 1 when nothing that is new can be folded', async () => {
    const [name = ''] = await folders.fill(1);
    await rm(path.join(folders.source, name));
    await symlink('nowhere', path.join(folders.source, name));
    expect(await folders.run('run')).toMatchObject({ code: 1, stderr: expect.stringContaining('done in part: ') });
  });

  test('ends with 1 and one line when there is no source, or the checkpoint is somebody else’s', async () => {
    await rm(folders.source, { recursive: true });
    expect(await folders.run('run')).toMatchObject({
      ...{ code: 1, stdout: '' },
      stderr: `millrace: there is no folder ${folders.source}\n`,
    });
    await folders.fill(1);
    await mkdir(path.join(folders.checkpoint, 'visit-events/adrc/form'), { recursive: true });
    await writeFile(path.join(folders.checkpoint, 'visit-events/adrc/form/events.parquet'), 'PAR1');
    const { code, stdout, stderr } = await folders.run('run');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^millrace: visit-events\/adrc\/form\/events\.parquet exists, .*`millrace checkpoint adopt`/,
    );
  });

  test('takes a template for its files, and says when the checkpoint has another', async () => {
    await folders.fill(10);
    expect((await folders.run('run', ['--key-template', 'visits/{study}.parquet'])).code).toBe(0);
    expect(await readdir(path.join(folders.checkpoint, 'visits'))).toContain('adrc.parquet');
    const { code, stderr } = await folders.run('run');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('made with the template visits/') });
  });

  test('folds with --since only what is later, and without it the rest', async () => {
    await folders.fill(10);
    await folders.fill(10, 3);
    const later = await folders.json('run', ['--since', '2024-03-01T00:00:00Z']);
    expect(later).toMatchObject({ events: { folded: 10, filtered: { 'not after since': 10 } } });
    expect(await folders.json('run')).toMatchObject({ events: { folded: 10 }, totalEvents: 20 });
  });

  test('waits for the folder as long as it has patience, and then says who has it', async () => {
    await folders.fill(1);
    const owner = await openPlainObjectStore({ folder: folders.checkpoint });
    const { code, stderr, sleeps } = await folders.run('run', ['--patience', '2s']);
    expect({ code, stderr, sleeps }).toEqual({
      ...{ code: 1, sleeps: [500, 500, 500, 500] },
      stderr: `millrace: ${folders.checkpoint} is being changed by another millrace\n`,
    });
    const waiting = folders.run('run', [], { onSleep: () => owner.close() });
    expect(await waiting).toMatchObject({ code: 0, sleeps: [500] });
  });

  test('shows on a terminal how far it is, and leaves no trace of that', async () => {
    await folders.fill(30);
    const { stderr, stdout } = await folders.run('run', [], { columns: 100 });
    expect(stderr).toContain('listing: 30 objects, 0 new');
    expect(stderr).toContain('folding 30 objects');
    expect(stderr.endsWith('\r\u001b[K')).toBe(true);
    expect(stdout).toContain('folded 30 events');
  });

  test('reads a folder that it may not write to', async () => {
    await folders.fill(2);
    await chmod(folders.source, 0o555);
    try {
      expect((await folders.run('run')).code).toBe(0);
    } finally {
      await chmod(folders.source, 0o755);
    }
  });
});

describe('what millrace checkpoint refuses', () => {
  test('is said all at once', async () => {
    const args = ['--dataset', 'visits', '--checkpoint', 's3://B', '--endpoint', 'here', '--patience', 'long'];
    expect(await runCli(['checkpoint', 'run', ...args, '--since', 'then'])).toMatchObject({
      ...{ code: 2, stdout: '' },
      stderr: [
        "--dataset must be one of visit-events, deliveries; got 'visits'",
        '--source is needed: a folder, or s3://bucket/prefix',
        "--checkpoint must be s3://bucket/prefix; got 's3://B'",
        "--endpoint must be an http or https URL, such as http://127.0.0.1:4566; got 'here'",
        "--patience must be a length of time such as 90s or 5m; got 'long'",
        "--since 'then': Give a time as 2026-11-22T10:00:00Z, as local time 2026-11-22 10:00, or as how long ago: 30m, 2h, 7d.",
      ]
        .map((line) => `millrace: ${line}\n`)
        .join(''),
    });
  });

  test('are places that are one, an endpoint of folders, and templates that cannot be', async () => {
    const { code, stderr } = await runCli([
      ...['checkpoint', 'run', '--source', 'x', '--checkpoint', './x/', '--endpoint', 'http://127.0.0.1:1'],
      ...['--key-template', '../{who}.csv'],
    ]);
    expect({ code, lines: stderr.trimEnd().split('\n') }).toEqual({
      code: 2,
      lines: expect.arrayContaining([
        'millrace: --endpoint is for places of s3://',
        'millrace: --source and --checkpoint must be two places: a source is never written to',
        'millrace: --key-template names the field {who}; there are {study}, {datatype}',
        'millrace: --key-template must end in .parquet',
        'millrace: --key-template must not have the segment ..',
      ]),
    });
  });

  test.each(['run', 'status', 'verify', 'compact', 'rebuild', 'adopt'])('%s explains itself', async (command) => {
    const { code, stdout } = await runCli(['checkpoint', command, '--help']);
    expect(code).toBe(0);
    for (const word of ['--dataset', '--checkpoint', '--json', 'Examples:', 'Exit codes:'])
      expect(stdout).toContain(word);
  });
});
