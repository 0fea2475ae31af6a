import { hash } from 'node:crypto';
import { cpSync, readdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { FUNCTIONS, LAYERS } from '../src/artefacts.ts';
import { type Package, packageAll } from '../src/package-all.ts';
import { aPackage, aRepository, temporaryFolder } from './support/repository.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const all = { functions: FUNCTIONS, layers: LAYERS };

const zipsOf = ({ artefacts }: Package) =>
  Object.fromEntries(artefacts.map(({ name, zip }) => [name, hash('sha256', zip)]));

describe('the package of this repository', () => {
  let made: Package;

  beforeAll(async () => {
    made = await packageAll(ROOT, all);
  });

  test('has no problem', () => {
    expect(made.problems).toEqual([]);
    expect(made.artefacts.map(({ name }) => name)).toEqual([
      ...['ingest-api', 'delivery-worker', 'checkpoint'],
      ...['runtime-layer', 'parquet-layer'],
    ]);
  });

  test('is the same bytes when it is made again', async () => {
    expect(zipsOf(await packageAll(ROOT, all))).toEqual(zipsOf(made));
  });

  test('is the same bytes when it is made in another folder', async () => {
    const copy = temporaryFolder();
    for (const name of readdirSync(join(ROOT, 'packages'))) {
      for (const part of ['src', 'package.json', 'node_modules']) {
        const options = { recursive: true, verbatimSymlinks: true, force: false };
        cpSync(join(ROOT, 'packages', name, part), join(copy, 'packages', name, part), options);
      }
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    expect(zipsOf(await packageAll(copy, all))).toEqual(zipsOf(made));
  });

  test('tells nothing of the machine that it was made on', () => {
    for (const { files } of made.artefacts) {
      for (const [path, { code, map = '' }] of files) {
        expect([path, code.includes(ROOT), map.includes(ROOT)]).toEqual([path, false, false]);
        expect([path, code.includes('.pnpm'), code.includes('sourceMappingURL')]).toEqual([path, false, false]);
      }
    }
  });

  test('has a source map beside each file that was made of sources, and they are the sources', () => {
    const lambda = made.artefacts.find(({ name }) => name === 'ingest-api')?.files.get('lambda.js');
    const { sources }: { sources: readonly string[] } = JSON.parse(lambda?.map ?? '{}');
    expect(sources).toContain('packages/ingest-api/src/lambda.ts');
    expect(sources).toContain('packages/core/src/domain/message.ts');
  });
});

describe('a package', () => {
  const repository = {
    ...aPackage('packages/fn', { name: 'fn', type: 'module', dependencies: { lib: '1', inside: '1' } }, {}),
    ...aPackage('node_modules/lib', { name: 'lib', type: 'module' }, { 'index.js': 'export const lib = () => 1;' }),
    ...aPackage(
      'node_modules/inside',
      { name: 'inside', license: 'GPL-3.0' },
      { 'index.js': 'exports.inside = Date;' },
    ),
  };
  const spec = {
    functions: [{ name: 'fn', folder: 'packages/fn', entries: ['lambda', 'other'], layers: ['shared'] }],
    layers: [{ name: 'shared', groups: [[{ specifier: 'lib', folder: 'packages/fn' }]] }],
  };
  const lambda = "import { lib } from 'lib'; export const handler = () => lib();";

  test('has a file for each entry that requires the libraries of its layers', async () => {
    const root = aRepository({
      ...repository,
      'packages/fn/src/lambda.ts': lambda,
      'packages/fn/src/other.ts': 'export const handler = () => 2;',
    });
    const { artefacts, problems } = await packageAll(root, spec);
    expect(problems).toEqual([]);
    const files = artefacts[0]?.files;
    expect([...(files?.keys() ?? [])].sort()).toEqual(['lambda.js', 'other.js']);
    expect(files?.get('lambda.js')?.code).toMatch(/^"use strict";.*require\("lib"\)/s);
    expect(files?.get('lambda.js')?.code).toContain('module.exports={handler}');
  });

  test('names all of its problems', async () => {
    const noise = Array.from({ length: 30_000 }, (_, i) => `'${Math.sin(i).toString(36)}'`).join(',');
    const root = aRepository({
      ...repository,
      'packages/fn/src/lambda.ts': lambda,
      'packages/fn/src/other.ts': `import { inside } from 'inside'; import { noise } from './noise.ts'; export const handler = () => [inside, noise, import(String(noise[0]))];`,
      'packages/fn/src/noise.ts': `export const noise = [${noise}];`,
    });
    const { problems } = await packageAll(root, spec);
    expect(problems).toEqual([
      expect.stringMatching(/^fn: .*loads modules whose names are not known before it runs$/),
      expect.stringMatching(/^fn is too large: .*packages\/fn\/src\/noise\.ts/s),
      expect.stringMatching(/^inside 1\.2\.3 has the licence GPL-3\.0/),
    ]);
  });

  test('cannot be made when a function has a layer that there is not', async () => {
    await expect(packageAll(temporaryFolder(), { ...spec, layers: [] })).rejects.toMatchObject({
      problems: ['fn has a layer that is not known: shared'],
    });
  });
});
