import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { LayerSpec } from '../src/artefacts.ts';
import { bundleLayer, LAYER_MODULES } from '../src/layer.ts';
import { demandsOf } from '../src/syntax.ts';
import { aPackage, aRepository, temporaryFolder, writeInto } from './support/repository.ts';

const layer: LayerSpec = {
  name: 'runtime',
  groups: [
    [
      { specifier: '@sdk/one', folder: 'packages/core' },
      { specifier: '@sdk/two', folder: 'packages/core' },
    ],
    [{ specifier: 'logger', folder: 'packages/core' }],
    [{ specifier: 'agents/lib/agent.js', folder: 'packages/core' }],
  ],
};

const client = (name: string) =>
  aPackage(
    `node_modules/@sdk/${name}`,
    { name: `@sdk/${name}`, type: 'module', sideEffects: false, dependencies: { '@sdk/common': '1' } },
    {
      'index.js': `import { Base } from '@sdk/common'; globalThis.loaded?.push('${name}'); export class Client extends Base {} export class Unused { text = 'unused-${name}'; }`,
    },
  );

const repository = {
  'packages/core/package.json': '{"name":"core","type":"module"}',
  ...client('one'),
  ...client('two'),
  ...aPackage(
    'node_modules/@sdk/common',
    { name: '@sdk/common', type: 'module' },
    { 'index.js': "export class Base { text = 'the base of all'; }" },
  ),
  ...aPackage('node_modules/logger', { name: 'logger' }, { 'index.js': "exports.log = require('node:util').inspect;" }),
  ...aPackage('node_modules/agents', { name: 'agents' }, { 'lib/agent.js': 'module.exports = { kind: 1 };' }),
};

const names = new Map([
  ['@sdk/one', new Set(['Client'])],
  ['@sdk/two', new Set(['Client'])],
  ['logger', new Set(['log'])],
  ['agents/lib/agent.js', new Set(['default'])],
]);

/** Unpacks the layer into a folder of its own and gives the `require` of a function that has it. */
async function useLayer() {
  const bundles = await bundleLayer(aRepository(repository), layer, names);
  const files = new Map(bundles.flatMap((bundle) => [...bundle.files]));
  const folder = temporaryFolder();
  for (const [path, { code }] of files) writeInto(folder, path, code);
  return { files, load: createRequire(join(folder, LAYER_MODULES, 'function.js')) };
}

describe('a layer', () => {
  test('has each library where require finds it, with its version', async () => {
    const { load } = await useLayer();
    expect(new (load('@sdk/one').Client)()).toMatchObject({ text: 'the base of all' });
    expect(load('logger').log([1])).toBe('[ 1 ]');
    expect(load('agents/lib/agent.js')).toEqual({ kind: 1 });
    expect(load('@sdk/two/package.json')).toEqual({ name: '@sdk/two', version: '1.2.3', main: 'index.js' });
  });

  test('has what libraries share once, and what nobody imports not at all', async () => {
    const { files, load } = await useLayer();
    const holding = (text: string) => [...files].filter(([, { code }]) => code.includes(text)).map(([path]) => path);
    expect(holding('the base of all')).toEqual([`${LAYER_MODULES}/@millrace/runtime-layer/00000001.js`]);
    expect(holding('unused-')).toEqual([]);
    expect(Object.keys(load('@sdk/one'))).toEqual(['Client']);
    const Bases = ['one', 'two'].map((name) => Object.getPrototypeOf(load(`@sdk/${name}`).Client));
    expect(Bases[0]).toBe(Bases[1]);
  });

  test('shows which modules of Node a library loads', async () => {
    const { files } = await useLayer();
    const { code = '' } = files.get(`${LAYER_MODULES}/logger/index-bundle.js`) ?? {};
    expect(demandsOf(code)).toEqual({ specifiers: ['node:util'], computed: 0 });
  });

  test('loads a library when an export of it is asked for, and not before', async () => {
    const { load } = await useLayer();
    const loaded: string[] = [];
    Object.assign(globalThis, { loaded });
    try {
      const one = load('@sdk/one');
      load('@sdk/two');
      expect(loaded).toEqual([]);
      expect([typeof one.Client, typeof one.Client]).toEqual(['function', 'function']);
      expect(loaded).toEqual(['one']);
    } finally {
      Reflect.deleteProperty(globalThis, 'loaded');
    }
  });

  test.each([
    [
      new Map(names).set('logger', new Set(['*'])),
      'logger in the layer runtime is imported as a whole: import its exports by name',
    ],
    [
      new Map(names).set('logger', new Set(['default', 'log'])),
      'logger in the layer runtime is imported by default and by name: use one of the two',
    ],
    [new Map([...names].slice(1)), '@sdk/one in the layer runtime is used by no function'],
  ])('refuses what it cannot serve: %#', async (imported, problem) => {
    await expect(bundleLayer(aRepository(repository), layer, imported)).rejects.toMatchObject({ problems: [problem] });
  });
});
