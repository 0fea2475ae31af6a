/**
 * Prints how many visit events a second are parsed, checked and brought to microseconds, beside `JSON.parse` alone.
 * Seconds are of CPU, so that what else the machine does counts little. The number of events can be given; the later
 * figure is the median of several rounds.
 */

import { MODULES, readVisitEvent } from '../src/datasets/visit-events/visit-event.ts';
import { createVisitEvents } from '../src/datasets/visit-events/visit-events.ts';
import { generateVisitEvents } from '../src/testing/generate-visit-events.ts';

const COUNT = Number(process.argv[2] ?? 200_000);
const ROUNDS = 7;

const objects = [...generateVisitEvents({ count: COUNT })].map(({ bytes }) => bytes);
const texts = objects.map((bytes) => new TextDecoder().decode(bytes));
const modules = new Set(MODULES);
const dataset = createVisitEvents();

const measures: readonly (readonly [name: string, run: () => number])[] = [
  ['JSON.parse alone', () => texts.reduce((count, text) => count + (JSON.parse(text) === null ? 0 : 1), 0)],
  ['JSON.parse and validation', () => countOf((text) => readVisitEvent(JSON.parse(text), modules).kind === 'event')],
  ['from bytes to rows', () => objects.reduce((count, bytes) => count + dataset.readObject(bytes).rows.length, 0)],
];

function countOf(isValid: (text: string) => boolean): number {
  return texts.reduce((count, text) => count + (isValid(text) ? 1 : 0), 0);
}

/** Seconds of CPU. */
function timeOf(run: () => number): number {
  const start = process.cpuUsage();
  const count = run();
  const { user, system } = process.cpuUsage(start);
  if (count !== COUNT) throw new Error(`${count} of ${COUNT} events were valid`);
  return (user + system) / 1_000_000;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

process.stdout.write(`| ${COUNT} events | first round, events/s | later rounds, events/s |\n| --- | ---: | ---: |\n`);
for (const [name, run] of measures) {
  const first = timeOf(run);
  const later = median(Array.from({ length: ROUNDS }, () => timeOf(run)));
  const [cold, warm] = [first, later].map((seconds) => Math.round(COUNT / seconds).toLocaleString('en'));
  process.stdout.write(`| ${name} | ${cold} | ${warm} |\n`);
}
