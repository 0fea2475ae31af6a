/** Whose code is passed on, and under which licence. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from './inputs.ts';

export interface Licence {
  readonly name: string;
  readonly version: string;
  /** As the package names it: an SPDX expression, or `none`. */
  readonly licence: string;
  /** Undefined when the package brings none, and neither does another one of its repository. */
  readonly text: string | undefined;
}

interface Found extends Licence {
  readonly repository: string | undefined;
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: unknown;
  readonly repository?: { readonly url?: string } | string;
}

const LICENCE_FILE = /^(licen[cs]e|copying)([.-].*)?$/i;
const NOTICE_FILE = /^notice([.-].*)?$/i;

/** The licences of all packages that the files belong to, by name and version. */
export function licencesOf(root: string, paths: Iterable<string>): readonly Licence[] {
  const found = new Map<string, Found>();
  for (const path of paths) {
    const folder = packageFolder(path);
    if (folder === undefined || found.has(folder)) continue;
    found.set(folder, readLicence(join(root, folder)));
  }
  const byName = new Map([...found.values()].map((licence) => [`${licence.name}@${licence.version}`, licence]));
  const sorted = [...byName.keys()].sort().flatMap((key) => byName.get(key) ?? []);
  return sorted.map((own) => {
    const { name, version, licence, text = textOfSibling(own, sorted) } = own;
    return { name, version, licence, text };
  });
}

/** Some packages of a repository are published without the file that the others bring. */
function textOfSibling({ repository, licence }: Found, all: readonly Found[]): string | undefined {
  if (repository === undefined) return undefined;
  return all.find((other) => other.repository === repository && other.licence === licence && other.text)?.text;
}

function readLicence(folder: string): Found {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { name = folder, version = '', license, repository } = manifest;
  const files = readdirSync(folder).sort();
  const read = (pattern: RegExp) =>
    files.filter((file) => pattern.test(file)).map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const texts = read(LICENCE_FILE);
  return {
    name,
    version,
    licence: typeof license === 'string' ? license : 'none',
    repository: typeof repository === 'string' ? repository : repository?.url,
    // The Apache licence wants the notices to go along.
    text: texts.length === 0 ? undefined : [...texts, ...read(NOTICE_FILE)].join('\n\n'),
  };
}

/** They let code be passed on without a word of where it is from. */
const WITHOUT_TEXT = new Set(['0BSD', 'MIT-0']);

/** Names every package that must not be passed on as it is. */
export function findLicenceProblems(licences: readonly Licence[], allowed: readonly string[]): readonly string[] {
  return licences.flatMap(({ name, version, licence, text }) => {
    if (!allowed.includes(licence)) {
      return [`${name} ${version} has the licence ${licence}, which is not one of ${allowed.join(', ')}`];
    }
    const isTextMissing = text === undefined && !WITHOUT_TEXT.has(licence);
    return isTextMissing ? [`${name} ${version} (${licence}) brings no text of its licence`] : [];
  });
}

const RULE = '-'.repeat(80);

/** For people: each package, and the text that must go with it. */
export function formatLicences(licences: readonly Licence[]): string {
  const entries = licences.map(
    ({ name, version, licence, text }) => `${RULE}\n${name} ${version}: ${licence}\n${RULE}\n\n${text ?? ''}\n`,
  );
  return `Packages of which code is in the zips.\n\n${entries.join('\n')}`;
}
