/** Lengths of time as people give them. */

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d{1,9})([smhd])$/;

/** Milliseconds of `90s`, `30m`, `24h`, `7d`; undefined when it is none. */
export function durationOf(text: string): number | undefined {
  const [, amount = '', unit = ''] = DURATION.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? undefined : Number(amount) * unitMs;
}
