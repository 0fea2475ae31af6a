import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { useCheckpointFolders } from './support/checkpoint-folders.ts';

const folders = useCheckpointFolders();
const FORM = 'visit-events/adrc/form/events.parquet';

function form(): string {
  return path.join(folders.checkpoint, FORM);
}

describe('millrace checkpoint status', () => {
  test('shows files and their rows, and looks at no source', async () => {
    await folders.fill(40);
    await folders.run('run');
    await rm(folders.source, { recursive: true });
    const { code, stdout } = await folders.run('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^FILE +ROWS +SIZE\n/);
    expect(stdout).toMatch(/visit-events: 40 events in 9 files, the newest of 2024-02-01T00:0\d:\d\d\.\d{6}Z\n/);
    expect(stdout).toContain('40 objects taken in, 0 without valid events, 0 deleted before they could be read\n');
    expect(stdout).toContain('everything was last listed at 2026-11-22T10:00:00.000000Z\n');
    expect(await folders.json('status')).toMatchObject({
      ...{ dataset: 'visit-events', rows: 40, lease: null, interruptedRun: null, isRebuilding: false, pending: [] },
      lastFullListing: '2026-11-22T10:00:00.000000Z',
    });
  });

  test('says how far a listing is that no run has brought to its end', async () => {
    await folders.fill(1);
    await folders.run('run');
    const file = path.join(folders.checkpoint, '_millrace/visit-events/state.json');
    const state = JSON.parse(await readFile(file, 'utf8'));
    const sweep = { startedAt: Date.UTC(2026, 10, 22, 11), objects: 1_234, after: 'log-x' };
    await writeFile(file, JSON.stringify({ ...state, sweep }));
    const { stdout } = await folders.run('status');
    expect(stdout).toContain('a listing of everything since 2026-11-22T11:00:00.000000Z has come to 1,234 objects\n');
    expect(await folders.json('status')).toMatchObject({
      sweep: { startedAt: '2026-11-22T11:00:00.000000Z', objects: 1_234 },
    });
  });

  test('says when there is none', async () => {
    expect(await folders.run('status')).toMatchObject({
      ...{ code: 1, stdout: '', stderr: `millrace: there is no folder ${folders.checkpoint}\n` },
    });
    await folders.run('run', ['--key-template', 'all.parquet']);
    expect(await folders.run('status', ['--dataset', 'deliveries'])).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('there is no checkpoint of deliveries here') },
    });
  });
});

describe('millrace checkpoint verify', () => {
  test('finds nothing where nothing is wrong, and counts what is not folded yet', async () => {
    await folders.fill(40);
    await folders.run('run');
    await folders.fill(2, 2);
    const { code, stdout } = await folders.run('verify');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        '40 rows in 9 files, 40 objects folded\nnot folded yet: 2 objects\n' +
        'every row has its source, and every source its rows\n',
    });
  });

  test('ends with 1 and names each file that differs', async () => {
    await folders.fill(40);
    await folders.run('run');
    await writeFile(form(), 'PAR1 and no more');
    const { code, stdout, stderr } = await folders.run('verify');
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'millrace: the files are not what the sources say\n' });
    expect(stdout).toMatch(new RegExp(`^${FORM}: .*is damaged`, 'm'));
    expect(stdout).not.toContain('every row has its source');
    expect(await folders.json('verify', [], 1)).toMatchObject({ ok: false });
  });
});

describe('millrace checkpoint compact', () => {
  test('leaves files that are good as they are, but for --all', async () => {
    await folders.fill(40);
    await folders.run('run');
    expect((await folders.run('compact')).stdout).toBe('0 files written anew, 9 good as they are\n');
    const { code, stdout } = await folders.run('compact', ['--all']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^FILE +ROWS +BEFORE +SIZE\n/) });
  });

  test('ends with 3 when some file cannot be written anew, and names it', async () => {
    await folders.fill(40);
    await folders.run('run');
    await writeFile(form(), 'PAR1 and no more');
    const { code, stdout, stderr } = await folders.run('compact', ['--all']);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: 'millrace: not compacted, and left as before: 1 file\n',
    });
    expect(stdout).toMatch(new RegExp(`^${FORM}: `, 'm'));
  });
});

describe('millrace checkpoint rebuild', () => {
  test('brings a damaged checkpoint back', async () => {
    await folders.fill(40);
    await folders.run('run');
    await writeFile(form(), 'PAR1 and no more');
    await writeFile(path.join(folders.checkpoint, '_millrace/visit-events/state.json'), '{');
    expect(await folders.run('run')).toMatchObject({ code: 1, stderr: expect.stringContaining('rebuild') });
    const { code, stdout } = await folders.run('rebuild');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining('made anew of 40 objects: 40 events\n'),
    });
    expect((await folders.run('verify')).code).toBe(0);
  });

  test('does not lose rows whose sources are gone, unless that is accepted', async () => {
    const names = await folders.fill(40);
    await folders.run('run');
    for (const name of names.slice(0, 10)) await rm(path.join(folders.source, name));
    const refused = await folders.run('rebuild');
    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^millrace: rows would be lost/),
    });
    expect(await folders.json('status')).toMatchObject({ rows: 40 });
    expect((await folders.run('rebuild', ['--accept-loss'])).code).toBe(0);
    expect(await folders.json('status')).toMatchObject({ rows: 30 });
  });
});

describe('millrace checkpoint adopt', () => {
  test('takes in files whose state is gone, and leaves what is new to the next run', async () => {
    await folders.fill(40);
    await folders.run('run');
    await rm(path.join(folders.checkpoint, '_millrace'), { recursive: true });
    await folders.fill(3, 2);
    expect(await folders.run('run')).toMatchObject({ code: 1, stderr: expect.stringContaining('adopt') });
    const { code, stdout } = await folders.run('adopt');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /\n9 files taken in: 40 objects wholly in files\nleft for the next run: 3 objects\n$/,
      ),
    });
    expect(await folders.json('run')).toMatchObject({ events: { folded: 3 }, totalEvents: 43 });
    expect((await folders.run('verify')).code).toBe(0);
  });
});
