export interface WholeNumberSetting {
  /** Of the setting or flag, for the problem. */
  readonly name: string;
  /** Where it is not set. */
  readonly fallback: number;
  readonly least: number;
  readonly most: number;
}

/** A setting that is a whole number within bounds; another text is added to the problems, and gives the fallback. */
export function readWholeNumber(
  text: string | undefined,
  { name, fallback, least, most }: WholeNumberSetting,
  problems: string[],
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  problems.push(`${name} must be a whole number from ${least} to ${most}, not "${text}"`);
  return fallback;
}
