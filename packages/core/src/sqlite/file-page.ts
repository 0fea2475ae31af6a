import type { ObjectInfo, ObjectPage, ObjectQuery } from '../ports/object-store.ts';
import type { FoundFile } from './file-listing.ts';

/** Files that are looked at together; each may be open for a moment. */
const FILES_AT_ONCE = 16;

/**
 * Looks at files until the page is full and there is one more.
 *
 * @param look undefined when the file has gone meanwhile
 */
export async function readPage(
  files: AsyncGenerator<FoundFile>,
  limit: number,
  look: (file: FoundFile) => Promise<ObjectInfo | undefined>,
): Promise<ObjectPage> {
  const objects: ObjectInfo[] = [];
  while (objects.length <= limit) {
    const group = await takeFrom(files, Math.min(FILES_AT_ONCE, limit + 1 - objects.length));
    if (group.length === 0) return { objects, more: false };
    const looked = await Promise.all(group.map(look));
    objects.push(...looked.filter((info) => info !== undefined));
  }
  return { objects: objects.slice(0, limit), more: true };
}

/**
 * Pages for someone who asks for one after the other: each goes on where the last one ended, and what was walked through
 * is not walked through again.
 */
export function createResumedPages(
  walk: (from: { readonly prefix: string; readonly startAfter: string }) => AsyncGenerator<FoundFile>,
  look: (file: FoundFile) => Promise<ObjectInfo | undefined>,
): (query: ObjectQuery) => Promise<ObjectPage> {
  let last:
    | { readonly prefix: string; readonly after: string; readonly next: FoundFile; readonly files: Files }
    | undefined;

  return async ({ prefix = '', startAfter = '', limit }) => {
    const goesOn = last?.prefix === prefix && last.after === startAfter ? last : undefined;
    const files = goesOn?.files ?? walk({ prefix, startAfter });
    const ahead = goesOn === undefined ? [] : [goesOn.next];
    last = undefined;
    const objects: ObjectInfo[] = [];
    while (objects.length < limit) {
      const count = Math.min(FILES_AT_ONCE, limit - objects.length);
      const group = [...ahead, ...(await takeFrom(files, count - ahead.length))];
      ahead.length = 0;
      if (group.length === 0) return { objects, more: false };
      const looked = await Promise.all(group.map(look));
      objects.push(...looked.filter((info) => info !== undefined));
    }
    const [next] = await takeFrom(files, 1);
    if (next === undefined) return { objects, more: false };
    last = { prefix, after: objects.at(-1)?.key ?? '', next, files };
    return { objects, more: true };
  };
}

type Files = AsyncGenerator<FoundFile>;

async function takeFrom<T>(items: AsyncGenerator<T>, count: number): Promise<readonly T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const { value, done } = await items.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}
