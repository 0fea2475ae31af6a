-- title: Latency of deliveries
-- answers: How long do attempts to each target take: half of them, 90, 95, 99 in a hundred, and the longest?
-- table: deliveries
-- chart: target_origin, p95_ms
-- param from timestamp = 0001-01-01T00:00:00Z: only attempts that started at or after this time
-- param to timestamp = 9999-12-31T00:00:00Z: only attempts that started before this time
-- param target string: only to this origin (https://host)
-- param outcome string: only attempts with this outcome (success, retry, dead-letter)
--
-- Exact, by nearest rank: p95 is the shortest time that occurs within which at least 95 in a hundred were over. Equal
-- times are counted first, so that what is sorted is small.
WITH times AS (
  SELECT target_origin, total_ms, count(*) AS attempts
  FROM deliveries
  WHERE started_at >= {{from}}
    AND started_at < {{to}}
    AND total_ms IS NOT NULL
    AND ({{target}} IS NULL OR target_origin = {{target}})
    AND ({{outcome}} IS NULL OR outcome = {{outcome}})
  GROUP BY target_origin, total_ms
),
ranked AS (
  SELECT
    target_origin,
    total_ms,
    attempts,
    sum(attempts) OVER (PARTITION BY target_origin ORDER BY total_ms) AS upto,
    sum(attempts) OVER (PARTITION BY target_origin) AS total
  FROM times
)
SELECT
  target_origin,
  CAST(sum(attempts) AS BIGINT) AS attempts,
  min(total_ms) FILTER (WHERE 100 * upto >= 50 * total) AS p50_ms,
  min(total_ms) FILTER (WHERE 100 * upto >= 90 * total) AS p90_ms,
  min(total_ms) FILTER (WHERE 100 * upto >= 95 * total) AS p95_ms,
  min(total_ms) FILTER (WHERE 100 * upto >= 99 * total) AS p99_ms,
  max(total_ms) AS longest_ms
FROM ranked
GROUP BY target_origin
ORDER BY target_origin
