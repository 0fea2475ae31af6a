import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatLicences } from './licences.ts';
import type { Package } from './package-all.ts';

/**
 * Writes `<name>.zip`, `maps/<name>/…`, `sizes.json` and `licences.txt`.
 *
 * @param folder what it held before is removed
 */
export function writePackage(folder: string, { artefacts, licences }: Package): void {
  rmSync(folder, { recursive: true, force: true });
  for (const { name, zip, files } of artefacts) {
    write(join(folder, `${name}.zip`), zip);
    for (const [path, { map }] of files) {
      if (map !== undefined) write(join(folder, 'maps', name, `${path}.map`), map);
    }
  }
  const sizes = artefacts.map(({ size }) => size);
  write(join(folder, 'sizes.json'), `${JSON.stringify(sizes, null, 2)}\n`);
  write(join(folder, 'licences.txt'), formatLicences(licences));
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
