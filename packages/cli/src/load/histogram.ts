/** Sub-buckets of each power of two: a percentile is at most 1/128 above the true one. */
const SUB_BUCKETS = 128;
const SUB_BUCKET_BITS = 7;

/** 2^32 microseconds, over 71 minutes: longer times are counted as this. */
const MAX_MICROS = 2 ** 32 - 1;
const BUCKETS = SUB_BUCKETS * (32 - SUB_BUCKET_BITS + 1);

/**
 * Times in milliseconds, kept as counts in buckets that grow with the time, so that recording costs the same however
 * many there are and no percentile needs a sort.
 */
export class Histogram {
  count = 0;
  /** Milliseconds, exact; 0 when nothing was recorded. */
  max = 0;
  private sum = 0;
  private readonly counts = new Float64Array(BUCKETS);

  /** Times below 0 are counted as 0. */
  record(ms: number): void {
    const micros = Math.min(MAX_MICROS, Math.max(0, Math.round(ms * 1_000)));
    const bucket = bucketOf(micros);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.count += 1;
    this.sum += micros;
    if (ms > this.max) this.max = ms;
  }

  /**
   * The smallest recorded time that at least `percent` of all are not above, in milliseconds: never less than the
   * true one rounded to a microsecond, and at most 1/128 more. 0 when nothing was recorded.
   *
   * @param percent in (0, 100]
   */
  percentile(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent / 100) * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.counts[bucket] ?? 0;
      if (seen >= rank) return Math.min(this.max, highestOf(bucket) / 1_000);
    }
    return this.max;
  }

  /** Milliseconds; 0 when nothing was recorded. */
  mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count / 1_000;
  }
}

/** Up to 255 each microsecond has its bucket; above, the eight highest bits name it. */
function bucketOf(micros: number): number {
  if (micros < 2 * SUB_BUCKETS) return micros;
  const shift = 31 - Math.clz32(micros) - SUB_BUCKET_BITS;
  return SUB_BUCKETS * shift + (micros >>> shift);
}

/** The highest number of microseconds that falls into a bucket. */
function highestOf(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  const top = bucket - SUB_BUCKETS * shift;
  // Products, because the highest bucket does not fit into 31 bits.
  return (top + 1) * 2 ** shift - 1;
}
