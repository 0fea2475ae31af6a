/** Colours, for people only: on a terminal, and never when NO_COLOR is set. */

import { styleText } from 'node:util';
import type { Io, Output } from '../io.ts';

type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export type Style = (colour: Colour, text: string) => string;

/** How to colour text for this output. */
export function styleFor(output: Output, env: Io['env']): Style {
  return hasColours(output, env) ? (colour, text) => styleText(colour, text, { validateStream: false }) : plain;
}

export function hasColours(output: Output, env: Io['env']): boolean {
  const { NO_COLOR, TERM } = env;
  return output.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb';
}

const plain: Style = (_colour, text) => text;

const STATUS_COLOURS: Readonly<Record<string, Colour>> = {
  SUCCESS: 'green',
  FAILED: 'red',
  RETRYING: 'yellow',
  PROCESSING: 'cyan',
};

export function styleStatus(style: Style, status: string): string {
  const colour = STATUS_COLOURS[status];
  return colour === undefined ? status : style(colour, status);
}
