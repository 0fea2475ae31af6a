/** The XML that S3 answers with: elements and text. Anything else, and anything that is not whole, is refused. */

/** Told of each element that has no elements in it, with its text and the names of those it lies in, the root first. */
export type OnText = (name: string, text: string, path: readonly string[]) => void;

/** Told of each element that has others in it, when it ends. */
export type OnEnd = (name: string, path: readonly string[]) => void;

const DECLARATION = /^\s*(?:<\?xml[^>]*\?>\s*)?/;
/** A tag, and the text up to the next one. */
const TAG = /<(\/?)([A-Za-z]\w*)(?:\s[^<>]*?)?(\/?)>([^<]*)/gy;

/** @throws SyntaxError */
export function readElements(xml: string, onText: OnText, onEnd: OnEnd = () => undefined): void {
  const path: string[] = [];
  let text = '';
  /** The latest tag began an element: what ends now, if anything, has no elements in it. */
  let isLeaf = false;
  TAG.lastIndex = DECLARATION.exec(xml)?.[0].length ?? 0;
  let end = TAG.lastIndex;
  let isOver = false;
  for (let match = TAG.exec(xml); match !== null; match = TAG.exec(xml)) {
    const [, slash, name = '', isEmpty, behind = ''] = match;
    if (isOver) break;
    end = TAG.lastIndex;
    if (slash === '/') {
      if (path.pop() !== name) throw new SyntaxError(`</${name}> ends nothing`);
      if (isLeaf) onText(name, unescapeText(text), path);
      else onEnd(name, path);
      isLeaf = false;
    } else if (isEmpty === '/') {
      onText(name, '', path);
      isLeaf = false;
    } else {
      path.push(name);
      isLeaf = true;
    }
    text = behind;
    isOver = path.length === 0;
  }
  if (!isOver || end !== xml.length || text.trim() !== '') throw new SyntaxError('the XML is not whole');
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeText(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));?/gi, (whole, decimal, hex, name) => {
    const meant = name === undefined ? charOf(decimal, hex) : ENTITIES[name];
    if (meant === undefined || !whole.endsWith(';')) throw new SyntaxError(`${whole} stands for nothing`);
    return meant;
  });
}

function charOf(decimal: string | undefined, hex: string | undefined): string | undefined {
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
