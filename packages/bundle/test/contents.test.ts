import { describe, expect, test } from '@jest/globals';
import { bundleModules } from '../src/bundle-code.ts';
import { findGaps, findStrangers } from '../src/contents.ts';
import { aPackage, aRepository } from './support/repository.ts';

describe('strangers', () => {
  const manifest = { name: '@x/fn', type: 'module', dependencies: { dep: '1' }, devDependencies: { dev: '1' } };
  const libraries = {
    ...aPackage('node_modules/dep', { name: 'dep' }, { 'index.js': 'export const dep = () => console.log(1);' }),
    ...aPackage('node_modules/dev', { name: 'dev' }, { 'index.js': 'export const dev = () => console.log(2);' }),
  };

  async function strangersOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const root = aRepository({ 'packages/fn/package.json': JSON.stringify(manifest), ...libraries, ...files });
    const { metafile } = await bundleModules({
      root,
      entries: { lambda: 'packages/fn/src/lambda.ts' },
      sharedFolder: 'shared',
      external: [],
    });
    return findStrangers(root, [metafile]);
  }

  test('a dependency of the package is none, and neither are types, Node and own files', async () => {
    const files = {
      'packages/fn/src/lambda.ts':
        "import { hash } from 'node:crypto'; import type { dev } from 'dev'; import { dep } from 'dep'; import { a } from './a.ts'; export const handler = (): typeof dev => dep(hash, a);",
      'packages/fn/src/a.ts': 'export const a = Math.random();',
    };
    expect(await strangersOf(files)).toEqual([]);
  });

  test('a development dependency is one', async () => {
    const files = { 'packages/fn/src/lambda.ts': "import { dev } from 'dev'; export const handler = dev;" };
    expect(await strangersOf(files)).toEqual([
      'holds dev for packages/fn/src/lambda.ts, but it is not in the dependencies of packages/fn',
    ]);
  });

  test.each([
    ['packages/fn/src/sqlite/store.ts', 'SQLite is for one machine'],
    ['packages/fn/src/testing/fake.ts', 'it is for tests'],
    ['packages/fn/test/support/fake.ts', 'it is for tests'],
    ['packages/cli/src/up.ts', 'the command line is for one machine'],
  ])('%s is one', async (path, why) => {
    const specifier = `../../../${path}`;
    const lambda = `import { x } from ${JSON.stringify(specifier)}; export const handler = x;`;
    const all = {
      'packages/cli/package.json': '{}',
      'packages/fn/src/lambda.ts': lambda,
      [path]: 'export const x = () => Date.now();',
    };
    expect(await strangersOf(all)).toEqual([`holds ${path}: ${why}`]);
  });

  test('what is imported and not used is none: it is not in the code', async () => {
    const files = {
      'packages/fn/src/lambda.ts':
        "import { x } from './sqlite/store.ts'; export const handler = () => 1; void (() => x);",
      'packages/fn/src/sqlite/store.ts': 'export const x = () => 1;',
    };
    expect(await strangersOf(files)).toEqual([]);
  });
});

describe('gaps', () => {
  const gapsOf = (code: string, layers: readonly string[] = ['sdk/index.js']) =>
    findGaps(
      new Map([
        ['lambda.js', { code, map: undefined }],
        ['shared/a.js', { code: '', map: undefined }],
      ]),
      new Set(layers),
    );

  test.each(['require("node:fs")', 'require("fs")', 'require("./shared/a.js")', 'require("sdk")', 'import("sdk")'])(
    'there is none in %s',
    (code) => {
      expect(gapsOf(code)).toEqual([]);
    },
  );

  test.each([
    ['require("other")', 'loads other, which is neither in the zip nor in its layers'],
    ['import("sdk/deep.js")', 'loads sdk/deep.js, which is neither in the zip nor in its layers'],
    ['require("./shared/b.js")', 'loads ./shared/b.js, which is not there'],
    ['require("node:sqlite")', 'loads node:sqlite, which is for one machine'],
    ['require(x)', 'loads modules whose names are not known before it runs'],
  ])('there is one in %s', (code, problem) => {
    expect(gapsOf(code)).toEqual([`lambda.js ${problem}`]);
  });
});
