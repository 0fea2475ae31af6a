import { expect, test } from '@jest/globals';
import { findLicenceProblems, formatLicences, licencesOf } from '../src/licences.ts';
import { aPackage, aRepository } from './support/repository.ts';

const store = 'node_modules/.pnpm';

test('each bundled package is listed once, with its licence and the text of it', () => {
  const folder = `${store}/a@1.2.3/node_modules/@scope/a`;
  const root = aRepository(aPackage(folder, { name: '@scope/a', license: 'Apache-2.0' }, { NOTICE: 'Of Scope Inc.' }));
  const licences = licencesOf(root, [`${folder}/index.js`, `${folder}/lib/more.js`, 'packages/core/src/index.ts']);
  expect(licences).toEqual([
    { name: '@scope/a', version: '1.2.3', licence: 'Apache-2.0', text: 'Do what you like.\n\nOf Scope Inc.' },
  ]);
  const text = formatLicences(licences);
  expect(text).toContain('@scope/a 1.2.3: Apache-2.0\n');
  expect(text).toContain('Do what you like.');
});

test('two versions of a package are two', () => {
  const folders = ['1.0.0', '2.0.0'].map((version) => [version, `${store}/a@${version}/node_modules/a`] as const);
  const root = aRepository(
    Object.assign({}, ...folders.map(([version, folder]) => aPackage(folder, { name: 'a', version }, {}))),
  );
  const licences = licencesOf(
    root,
    folders.map(([, folder]) => `${folder}/index.js`),
  );
  expect(licences.map(({ version }) => version)).toEqual(['1.0.0', '2.0.0']);
});

test.each(['GPL-3.0-only', 'MIT OR GPL-2.0', undefined])(
  'the licence %s fails with the name of the package',
  (license) => {
    const root = aRepository(aPackage('node_modules/a', { name: 'a', license }, {}));
    const [problem, ...others] = findLicenceProblems(licencesOf(root, ['node_modules/a/index.js']), ['MIT']);
    expect(problem).toBe(`a 1.2.3 has the licence ${license ?? 'none'}, which is not one of MIT`);
    expect(others).toEqual([]);
  },
);

test('a package without the text of its licence fails, unless a package of the same repository and licence has it', () => {
  const bare = (repository: string) => ({
    ...aPackage('node_modules/a', { name: 'a', repository: { url: 'https://git.example/ab' } }, {}),
    ...aPackage('node_modules/b', { name: 'b', repository: { url: repository } }, {}),
  });
  const textsOf = (repository: string) => {
    const { 'node_modules/b/LICENSE': _, ...files } = bare(repository) as Record<string, string>;
    return licencesOf(aRepository(files), ['node_modules/a/index.js', 'node_modules/b/index.js']);
  };
  expect(findLicenceProblems(textsOf('https://git.example/ab'), ['MIT'])).toEqual([]);
  expect(findLicenceProblems(textsOf('https://git.example/other'), ['MIT'])).toEqual([
    'b 1.2.3 (MIT) brings no text of its licence',
  ]);
});

test('a licence that asks for no text to go along needs none', () => {
  const { 'node_modules/a/LICENSE': _, ...files } = aPackage(
    'node_modules/a',
    { name: 'a', license: 'MIT-0' },
    {},
  ) as Record<string, string>;
  const licences = licencesOf(aRepository(files), ['node_modules/a/index.js']);
  expect(findLicenceProblems(licences, ['MIT-0'])).toEqual([]);
  expect(formatLicences(licences)).toContain('a 1.2.3: MIT-0\n');
});
