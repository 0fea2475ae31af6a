/** Every source object with its rows: for what looks at all of them again. */

import pMap from 'p-map';
import type { DatasetRow } from '../datasets/dataset.ts';
import { renderTemplate } from '../datasets/group-path.ts';
import type { ObjectVersion } from '../manifest/object-version.ts';
import type { CheckpointDeps } from '../run/checkpoint-deps.ts';
import { listPages } from '../run/listing.ts';

export interface SourceObject {
  readonly version: ObjectVersion;
  /** By path. */
  readonly rows: ReadonlyMap<string, readonly DatasetRow[]>;
}

/** Objects whose rows are in memory at once. */
const CHUNK = 1_000;
const DEFAULT_CONCURRENCY = 64;

/** An object that is deleted meanwhile is left out. @throws what listing or reading throws */
export async function* readSources(
  { source, dataset, concurrency = DEFAULT_CONCURRENCY }: Pick<CheckpointDeps, 'source' | 'dataset' | 'concurrency'>,
  onRead: () => void = () => undefined,
): AsyncGenerator<SourceObject> {
  let chunk: { readonly key: string; readonly time: number }[] = [];
  const read = async (): Promise<readonly SourceObject[]> => {
    const objects = await pMap(
      chunk,
      async ({ key, time }): Promise<SourceObject | undefined> => {
        const stored = await source.get(key);
        onRead();
        if (stored === undefined) return undefined;
        const rows = Map.groupBy(dataset.readObject(stored.bytes).rows, ({ fields }) =>
          renderTemplate(dataset.template, fields),
        );
        return { version: { key, etag: stored.etag, time }, rows };
      },
      { concurrency },
    );
    chunk = [];
    return objects.flatMap((object) => object ?? []);
  };
  for await (const page of listPages(source, { prefix: '', startAfter: '' })) {
    for (const { key } of page) {
      const reading = dataset.readKey(key);
      if (reading.kind === 'source') chunk.push({ key, time: reading.time });
      if (chunk.length === CHUNK) yield* await read();
    }
  }
  yield* await read();
}
