/** How many deliveries may start: in all, and to each origin. */

/** Places of origins. */
export interface OriginPlaces {
  readonly byOrigin: ReadonlyMap<string, number>;
  /** Of each origin that is not named. */
  readonly others: number;
}

export const ANY_ORIGIN: OriginPlaces = { byOrigin: new Map(), others: Number.POSITIVE_INFINITY };

export type Places = ReturnType<typeof createPlaces>;

/** Counts places down as they are given away. */
export function createPlaces(total: number, { byOrigin, others }: OriginPlaces) {
  const left = new Map(byOrigin);
  let totalLeft = total;
  return {
    total: (): number => totalLeft,
    ofOrigin: (origin: string): number => left.get(origin) ?? others,
    give(origin: string, count: number): void {
      totalLeft -= count;
      left.set(origin, (left.get(origin) ?? others) - count);
    },
    /** What is left, as plain data. */
    origins: (): OriginPlaces => ({ byOrigin: left, others }),
  };
}
