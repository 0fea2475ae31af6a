-- title: Deliveries by hour
-- answers: How many attempts started in each hour (UTC), what came of them, and how long did they take?
-- table: deliveries
-- chart: hour, attempts
-- param from timestamp = 0001-01-01T00:00:00Z: only attempts that started at or after this time
-- param to timestamp = 9999-12-31T00:00:00Z: only attempts that started before this time
-- param sender string: only of this sender
-- param target string: only to this origin (https://host)
SELECT
  date_trunc('hour', started_at) AS hour,
  count(*) AS attempts,
  count(*) FILTER (WHERE outcome = 'success') AS successes,
  count(*) FILTER (WHERE outcome <> 'success') AS failures,
  avg(total_ms) AS average_total_ms
FROM deliveries
WHERE started_at >= {{from}}
  AND started_at < {{to}}
  AND ({{sender}} IS NULL OR sender_id = {{sender}})
  AND ({{target}} IS NULL OR target_origin = {{target}})
GROUP BY date_trunc('hour', started_at)
ORDER BY 1
