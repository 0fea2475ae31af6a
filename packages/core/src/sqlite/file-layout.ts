/**
 * Where an object lies in its folder. The names on the disk are plain ASCII without capitals, so that every file system
 * keeps them apart, and a folder read in the order of its entries gives the keys in byte order.
 *
 * Key `a/B.csv` lies at `a/@%42.csv`:
 * - each segment before the last is a folder, the last one a file marked with `@`: `a` and `a/b` can both be objects;
 * - bytes other than `a-z 0-9 _ = -` and `.` are `%xx`, also a leading `.`; an empty folder name is `%`;
 * - a segment longer than 80 bytes is cut into folders: `!` ends the name of one whose keys go on with a byte before
 *   `/`, `+` of one whose keys go on with a byte behind it.
 *
 * Keys are handled as byte strings: one character of code 1–255 for each byte of UTF-8. Their order is the byte order.
 */

/** Three times as long when every byte is escaped: within the 255 bytes that file systems give a name. */
const PIECE_BYTES = 80;
const OBJECT = '@';
const GOES_ON_BEFORE_SLASH = '!';
const GOES_ON_BEHIND_SLASH = '+';
const EMPTY_FOLDER = '%';

export interface Place {
  /** Names of folders below the root. */
  readonly folders: readonly string[];
  readonly file: string;
  /** The part of the key that the folders stand for. */
  readonly folderKey: string;
}

/** What an entry of a folder stands for, behind the part of the key that the folder stands for. */
export interface EntryMeaning {
  readonly isObject: boolean;
  /** Of an object: the rest of its key. Of a folder: what the rest of all keys in it begins with. */
  readonly part: string;
  /** Entries of a folder in the order of this text hold keys in byte order. */
  readonly order: string;
}

export function toByteString(text: string): string {
  return Buffer.from(text).toString('latin1');
}

export function fromByteString(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}

/** How keys lie in a folder. Keys and parts of them are byte strings. */
export interface FileLayout {
  /** @throws InvalidKeyError for a key that no file of the layout stands for */
  placeOf(key: string): Place;
  /** The folder below which all keys with this prefix lie. */
  folderOf(prefix: string): Omit<Place, 'file'>;
  /** Undefined for an entry that is none of the layout's. */
  meaningOf(name: string, isFolder: boolean): EntryMeaning | undefined;
}

/** Any key, on any file system. */
export const ESCAPED_LAYOUT: FileLayout = { placeOf, folderOf: placeOf, meaningOf };

/** @param key a byte string */
export function placeOf(key: string): Place {
  const folders: string[] = [];
  let from = 0;
  for (;;) {
    const slash = key.indexOf('/', from);
    const end = slash === -1 ? key.length : slash;
    while (end - from > PIECE_BYTES) {
      const cut = from + PIECE_BYTES;
      folders.push(escapeBytes(key.slice(from, cut)) + goesOn(key.charAt(cut)));
      from = cut;
    }
    const name = escapeBytes(key.slice(from, end));
    if (slash === -1) return { folders, file: OBJECT + name, folderKey: key.slice(0, from) };
    folders.push(name === '' ? EMPTY_FOLDER : name);
    from = end + 1;
  }
}

/** Undefined for a name that `placeOf` never gives: it is not of the store. */
export function meaningOf(name: string): EntryMeaning | undefined {
  if (name.startsWith(OBJECT)) {
    const part = unescapeBytes(name.slice(1));
    return part === undefined ? undefined : { isObject: true, part, order: part };
  }
  if (name === EMPTY_FOLDER) return { isObject: false, part: '/', order: '/' };
  const last = name.at(-1);
  if (last === GOES_ON_BEFORE_SLASH || last === GOES_ON_BEHIND_SLASH) {
    const part = unescapeBytes(name.slice(0, -1));
    if (part?.length !== PIECE_BYTES) return undefined;
    return { isObject: false, part, order: part + (last === GOES_ON_BEFORE_SLASH ? '\0' : '0') };
  }
  const part = name === '' ? undefined : unescapeBytes(name);
  return part === undefined ? undefined : { isObject: false, part: `${part}/`, order: `${part}/` };
}

function goesOn(byte: string): string {
  return byte < '/' ? GOES_ON_BEFORE_SLASH : GOES_ON_BEHIND_SLASH;
}

function escapeBytes(bytes: string): string {
  return bytes.replaceAll(/[^a-z0-9_=.-]|^\./g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function unescapeBytes(name: string): string | undefined {
  const bytes = name.replaceAll(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const isOurs = bytes.length <= PIECE_BYTES && !bytes.includes('/') && escapeBytes(bytes) === name;
  return isOurs ? bytes : undefined;
}
