import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Interrupt } from '../src/io.ts';
import { useQueryCheckpoint } from './support/query-checkpoint.ts';
import { linesOf, runCli } from './support/run-cli.ts';

const checkpoint = useQueryCheckpoint();
const COUNT = 'SELECT count(*) AS n FROM visit_events';
const PARQUET_MAGIC = 'PAR1';
const ARROW_MAGIC = 'ARROW1';

let out: string;
beforeEach(async () => {
  out = await mkdtemp(path.join(tmpdir(), 'millrace-query-out-'));
});
afterEach(() => rm(out, { recursive: true, force: true }));

describe('the list of queries', () => {
  test('names each with what it answers', async () => {
    const { code, stdout, stderr } = await runCli(['query']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^NAME +TABLE +ANSWERS\n/);
    expect(stdout).toMatch(/^completeness +visit_events +Of the visits that were ever submitted/m);
    expect(stdout).toMatch(/^delivery-latency +deliveries +How long/m);
  });

  test('is an array as JSON', async () => {
    const list: { name: string; parameters: object[] }[] = JSON.parse((await runCli(['query', '--json'])).stdout);
    expect(list).toHaveLength(18);
    expect(list.find(({ name }) => name === 'visit-timeline')?.parameters[0]).toEqual({
      name: 'ptid',
      type: 'string',
      required: true,
      default: null,
      about: 'the participant',
    });
  });

  test('fits a terminal', async () => {
    const { stdout } = await runCli(['query'], { columns: 80, env: { NO_COLOR: '1' } });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('has more about one of them', async () => {
    const { code, stdout } = await runCli(['query', 'visit-timeline', '--describe']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^visit-timeline: Timeline of a visit\nWhat happened/);
    expect(stdout).toMatch(/^ptid +string +required +the participant$/m);
    expect(stdout).toMatch(/^WHERE ptid = \{\{ptid\}\}$/m);
    const described = JSON.parse((await runCli(['query', '--describe', 'volumes', '--json'])).stdout);
    expect(described).toMatchObject({ name: 'volumes', table: 'visit_events', chart: null });
  });
});

describe('a named query', () => {
  test('is a table for people', async () => {
    const { code, stdout, stderr } = await checkpoint().query(['events-by-center']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      'CENTER_LABEL  PIPELINE_ADCID  EVENTS  VISITS  FIRST_EVENT                  LAST_EVENT',
      'center 1                   1       2       1  2026-01-31T10:00:00.000001Z  2026-02-02T10:00:00.000000Z',
      'center 2                   2       1       1  2026-02-01T10:00:00.500000Z  2026-02-01T10:00:00.500000Z',
      '',
    ]);
  });

  test('takes parameters', async () => {
    const param = ['--param', 'from=2026-02-01', '--param', 'adcid=1'];
    const { stdout } = await checkpoint().query(['events', ...param, '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ action: 'pass-qc', timestamp: '2026-02-02T10:00:00.000000Z' }]);
  });

  test('reads its own table alone, and says when that is empty', async () => {
    const { code, stdout, stderr } = await checkpoint().query(['deliveries-by-hour']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'no rows\n' });
    expect(stderr).toBe(`millrace: ${checkpoint().source} has no deliveries yet: deliveries is empty\n`);
  });

  test('is drawn by the two columns that it names', async () => {
    const { stdout } = await checkpoint().query(['events-by-center', '--format', 'chart']);
    expect(stdout).toMatch(/^events by center_label\ncenter 1 █+ 2\ncenter 2 █+▌ 1\n$/);
    const { stdout: line } = await checkpoint().query(['completeness', '--format', 'chart'], { columns: 60 });
    expect(line).toMatch(/^completeness by day\n/);
    for (const text of line.split('\n')) expect(text.length).toBeLessThanOrEqual(60);
  });

  test.each([
    [['event-by-center'], "there is no query 'event-by-center': did you mean events-by-center?"],
    [['latency'], "there is no query 'latency': did you mean delivery-latency?"],
    [['nothing'], "there is no query 'nothing': millrace query lists them"],
    [['nothing', '--describe'], "there is no query 'nothing'"],
    [['volumes', '--format', 'chart'], 'a chart needs two columns'],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stdout, stderr } = await checkpoint().query(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('has every wrong parameter named at once', async () => {
    const params = ['x=1', 'adcid=one', 'visit_date'].flatMap((param) => ['--param', param]);
    const { code, stdout, stderr } = await checkpoint().query(['visit-timeline', ...params]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^millrace: --param x: there is none of this name; there are ptid, /),
      'millrace: --param adcid: must be a whole number, not "one"',
      'millrace: --param visit_date: must be NAME=VALUE',
      'millrace: --param ptid=… is missing: the participant (string)',
    ]);
  });
});

describe('SQL', () => {
  test.each([COUNT, 'from visit_events select count(*) AS n', `WITH e AS (${COUNT}) SELECT * FROM e`, `${COUNT};`])(
    'is run as it is: %s',
    async (sql) => {
      const { code, stdout, stderr } = await checkpoint().query([sql, '--json']);
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '[\n{"n":3}\n]\n', stderr: '' });
    },
  );

  test('may come from standard input', async () => {
    const { stdout } = await checkpoint().query(['-', '--format', 'csv'], {
      stdin: linesOf('SELECT 1 AS a,', '2 AS b'),
    });
    expect(stdout).toBe('a,b\r\n1,2\r\n');
    const nothing = await checkpoint().query(['-'], { stdin: linesOf(' ') });
    expect(nothing).toMatchObject({ code: 2, stderr: 'millrace: there is no SQL on standard input\n' });
  });

  test('that is wrong is shown where, and fails', async () => {
    const { code, stdout, stderr } = await checkpoint().query(['SELECT coun(*) FROM visit_events']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^millrace: Catalog Error: .*\n.*\n\nLINE 1: SELECT coun\(\*\) FROM visit_events\n {15}\^\n$/,
    );
  });

  test('cannot read what is beside the checkpoint, nor write', async () => {
    await writeFile(path.join(out, 'secret.csv'), 'a\n1\n');
    const read = await checkpoint().query([`SELECT * FROM read_csv('${out}/secret.csv')`]);
    expect(read).toMatchObject({ code: 1, stdout: '' });
    expect(read.stderr).toContain('disabled by configuration');
    const write = await checkpoint().query([`COPY (SELECT 1) TO '${out}/x.csv'`]);
    expect(write).toMatchObject({ code: 1, stdout: '' });
    expect(write.stderr).toContain('disabled by configuration');
    const create = await checkpoint().query(['CREATE TABLE mine AS SELECT 1']);
    expect(create.stderr).toBe('millrace: only statements that read are run here: SELECT …\n');
    expect(await readdir(out)).toEqual(['secret.csv']);
  });

  test('has no parameters', async () => {
    const { code, stderr } = await checkpoint().query([COUNT, '--param', 'a=1']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'millrace: --param is for named queries: write the value into the SQL\n',
    });
  });

  test('is interrupted by a signal, and leaves nothing behind', async () => {
    const controller = new AbortController();
    const sql = `SELECT count(*) FROM range(1000000000000) a(i), visit_events WHERE a.i % 7 = length(action)`;
    const file = path.join(out, 'result.json');
    const running = checkpoint().query([sql, '--json', '--output', file], { signal: controller.signal });
    setTimeout(() => controller.abort(new Interrupt('SIGINT')), 300);
    expect(await running).toMatchObject({ code: 130, stdout: '', stderr: 'millrace: interrupted\n' });
    expect(await readdir(out)).toEqual([]);
  });
});

describe('the limit', () => {
  test('of a table is a thousand rows, and of JSON none', async () => {
    const sql = 'SELECT i FROM range(1500) r(i)';
    const table = await checkpoint().query([sql]);
    expect(table.stdout.trim().split('\n')).toHaveLength(1_001);
    expect(table.stderr).toBe('millrace: only the first 1,000 rows: see --limit\n');
    const json = await checkpoint().query([sql, '--json']);
    expect(JSON.parse(json.stdout)).toHaveLength(1_500);
    expect(json.stderr).toBe('');
  });

  test('can be given', async () => {
    const sql = 'SELECT i FROM range(3) r(i)';
    const two = await checkpoint().query([sql, '--format', 'csv', '--limit', '2']);
    expect(two).toMatchObject({ stdout: 'i\r\n0\r\n1\r\n', stderr: 'millrace: only the first 2 rows: see --limit\n' });
    const three = await checkpoint().query([sql, '--format', 'csv', '--limit', '3']);
    expect(three).toMatchObject({ stdout: 'i\r\n0\r\n1\r\n2\r\n', stderr: '' });
  });
});

describe('the output', () => {
  test.each([
    ['parquet', PARQUET_MAGIC],
    ['arrow', ARROW_MAGIC],
  ])('of %s goes through a pipe as it is, and to a terminal never', async (format, magic) => {
    let bytes = Buffer.from('');
    const args = ['events', '--format', format];
    await checkpoint().query(args, {
      onBytes: (stdout) => {
        bytes = Buffer.from(stdout);
      },
    });
    expect(bytes.subarray(0, magic.length).toString()).toBe(magic);
    expect(bytes.subarray(-magic.length).toString()).toBe(magic);
    const { code, stdout, stderr } = await checkpoint().query(args, { columns: 80 });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`--format ${format} is not for a terminal: give --output FILE, or send it through a pipe`);
  });

  test.each(['json', 'csv', 'arrow', 'parquet', 'table', 'chart'])('of %s can be a file', async (format) => {
    const file = path.join(out, 'result');
    await writeFile(file, 'what was there');
    const args = ['events-by-center', '--format', format, '--output', file];
    const { code, stdout, stderr } = await checkpoint().query(args, { columns: 80 });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await readdir(out)).toEqual(['result']);
    expect(await readFile(file, 'latin1')).toMatch(/center 1|center_label/);
  });

  test('leaves a file as it was when the statement fails', async () => {
    const file = path.join(out, 'result');
    await writeFile(file, 'what was there');
    for (const format of ['json', 'parquet']) {
      const failing = "SELECT error('no') FROM visit_events";
      expect((await checkpoint().query([failing, '--format', format, '--output', file])).code).toBe(1);
    }
    expect(await readdir(out)).toEqual(['result']);
    expect(await readFile(file, 'utf8')).toBe('what was there');
  });

  test('that cannot be written is said to be so', async () => {
    const { code, stderr } = await checkpoint().query([COUNT, '--output', path.join(out, 'no/such/folder')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^millrace: cannot write .*no\/such\/folder: ENOENT/);
  });

  test('on a terminal fits it, and cannot steer it', async () => {
    const sql = "SELECT repeat('x', 200) AS a, 'b\u001b[31m' || chr(10) || 'c' AS b, 0.1 + 0.2::DOUBLE AS c, NULL AS d";
    const { stdout } = await checkpoint().query([sql], { columns: 60, env: { NO_COLOR: '1' } });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
    expect(stdout).toMatch(/^A +B +C +D\nx+…x+ +b c +0\.3 +null\n$/);
  });
});

describe('the flags', () => {
  test.each([
    [['--json', '--format', 'csv'], '--json cannot be used with --format csv'],
    [['--format', 'xml'], 'It is one of table, json, csv, arrow, parquet, chart.'],
    [['--limit', '-1'], 'Give a whole number of at least 0.'],
    [['--memory', 'lots'], 'Give a size such as 500MB or 2GB.'],
    [['--threads', '0'], 'Give a whole number of at least 1.'],
    [['--endpoint', 'http://127.0.0.1:1'], '--endpoint is for a source of s3://'],
    [['--output', ''], '--output must name a file'],
  ])('%j are wrong usage', async (flags, message) => {
    const { code, stdout, stderr } = await checkpoint().query([COUNT, ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test.each([
    [['--source', 's3://UPPER/x'], "--source must be s3://bucket/prefix; got 's3://UPPER/x'"],
    [['--source', 's3://bucket/x', '--endpoint', 'ftp://x'], '--endpoint must be an http or https URL'],
    [['--source', ''], '--source must name a folder, or s3://bucket/prefix'],
    [['--describe'], '--describe needs the name of a query'],
  ])('%j are wrong usage, too', async (flags, message) => {
    const { code, stderr } = await runCli(['query', ...(flags[0] === '--describe' ? [] : [COUNT]), ...flags]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test('say how much DuckDB may use', async () => {
    const sql = "SELECT current_setting('memory_limit') AS m, current_setting('threads') AS t";
    const { stdout } = await checkpoint().query([sql, '--json', '--memory', '100MiB']);
    expect(JSON.parse(stdout)).toEqual([{ m: '100.0 MiB', t: 1 }]);
  });

  test('name a checkpoint that is there', async () => {
    const { code, stderr } = await runCli(['query', COUNT, '--source', path.join(out, 'none')]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `millrace: the folder ${out}/none cannot be queried: there is none; --source names a checkpoint\n`,
    );
  });

  test('explain themselves, with examples and exit codes', async () => {
    const { code, stdout } = await runCli(['query', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Examples:\n {2}# .+\n {2}.*millrace query/m);
    expect(stdout).toContain('Exit codes: 0 done');
  });
});
