/** The places in a template that are filled in. */

import { FRAGMENTS } from './fragments.ts';

const PLACE = /\{\{(>?)(\w+)\}\}/g;

export interface TemplateNames {
  readonly parameters: readonly string[];
  readonly fragments: readonly string[];
}

/** Each once, in the order of their first use. */
export function namesIn(template: string): TemplateNames {
  const places = Array.from(template.matchAll(PLACE));
  const named = (mark: string) => [
    ...new Set(places.filter((place) => place[1] === mark).map(([, , name = '']) => name)),
  ];
  return { parameters: named(''), fragments: named('>') };
}

/** @param place what stands for a parameter, called once for each time that it is used, in order */
export function fillTemplate(template: string, place: (parameter: string) => string): string {
  return template.replace(PLACE, (_whole, mark: string, name: string) =>
    mark === '>' ? (FRAGMENTS[name] ?? '') : place(name),
  );
}
