/** The little XML that S3 speaks. */

import { malformedXml } from './s3-error.ts';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** Text, or XML that is made already; what is undefined is left out. */
export type XmlContent = Present | undefined;

type Present = string | number | boolean | Xml | readonly Xml[];

export interface Xml {
  readonly xml: string;
}

/** A reading of an element. */
export interface XmlNode {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlNode[];
}

export function element(name: string, content: XmlContent): Xml {
  if (content === undefined) return { xml: '' };
  return { xml: `<${name}>${inner(content)}</${name}>` };
}

/** Elements in the order of the fields. */
export function elements(fields: Readonly<Record<string, XmlContent>>): readonly Xml[] {
  return Object.entries(fields).map(([name, content]) => element(name, content));
}

export function xmlDocument(name: string, content: Present, namespace = NAMESPACE): string {
  const attribute = namespace === '' ? '' : ` xmlns="${namespace}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${attribute}>${inner(content)}</${name}>`;
}

function inner(content: Present): string {
  if (typeof content !== 'object') return escapeText(String(content));
  return 'xml' in content ? content.xml : content.map(({ xml }) => xml).join('');
}

/** Control characters go out as references, as S3 does it, though XML 1.0 forbids most of them. */
function escapeText(text: string): string {
  return text.replaceAll(/[&<>"'\p{Cc}]/gu, (char) => `&#${char.codePointAt(0)};`);
}

const TOKEN = /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([\w:.-]+)[^<>]*?(\/?)>|([^<]+)/gy;

/** @throws S3Error MalformedXML */
export function parseXml(text: string): XmlNode {
  const root = { name: '', text: '', children: [] as XmlNode[] };
  const open = [root];
  let end = 0;
  for (const match of text.trim().matchAll(TOKEN)) {
    end = match.index + match[0].length;
    const [, closes, name, isEmpty, content] = match;
    const inside = open.at(-1) ?? root;
    if (content !== undefined) inside.text += unescapeText(content);
    else if (closes === '/') {
      if (open.length === 1 || open.pop()?.name !== name) throw malformedXml();
    } else if (name !== undefined) {
      const node = { name, text: '', children: [] };
      inside.children.push(node);
      if (isEmpty !== '/') open.push(node);
    }
  }
  const [document] = root.children;
  if (document === undefined || open.length !== 1 || end !== text.trim().length) throw malformedXml();
  return document;
}

export function childrenOf(node: XmlNode, name: string): readonly XmlNode[] {
  return node.children.filter((child) => child.name === name);
}

export function textOf(node: XmlNode, name: string): string | undefined {
  return childrenOf(node, name)[0]?.text;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeText(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (_, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? '';
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
  });
}
