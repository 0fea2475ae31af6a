-- title: Deliveries by target
-- answers: How many attempts and messages went to each target, and what came of them?
-- table: deliveries
-- chart: target_origin, attempts
-- param from timestamp = 0001-01-01T00:00:00Z: only attempts that started at or after this time
-- param to timestamp = 9999-12-31T00:00:00Z: only attempts that started before this time
-- param sender string: only of this sender
SELECT
  target_origin,
  count(*) AS attempts,
  count(DISTINCT ({{>message}})) AS messages,
  count(*) FILTER (WHERE outcome = 'success') AS successes,
  count(*) FILTER (WHERE outcome = 'retry') AS retries,
  count(*) FILTER (WHERE outcome = 'dead-letter') AS dead_letters,
  CAST(count(*) FILTER (WHERE outcome = 'success') AS DOUBLE) / count(*) AS success_rate,
  min(started_at) AS first_attempt,
  max(started_at) AS last_attempt
FROM deliveries
WHERE started_at >= {{from}}
  AND started_at < {{to}}
  AND ({{sender}} IS NULL OR sender_id = {{sender}})
GROUP BY target_origin
ORDER BY attempts DESC, target_origin
