-- title: Failures by class
-- answers: What kinds of failure were there, how often, and how many messages ended with each?
-- table: deliveries
-- chart: error_class, attempts
-- param from timestamp = 0001-01-01T00:00:00Z: only attempts that started at or after this time
-- param to timestamp = 9999-12-31T00:00:00Z: only attempts that started before this time
-- param target string: only to this origin (https://host)
-- param sender string: only of this sender
SELECT
  error_class,
  count(*) AS attempts,
  count(DISTINCT ({{>message}})) AS messages,
  count(*) FILTER (WHERE outcome = 'dead-letter') AS dead_letters,
  count(DISTINCT target_origin) AS targets,
  min(started_at) AS first_attempt,
  max(started_at) AS last_attempt
FROM deliveries
WHERE outcome <> 'success'
  AND started_at >= {{from}}
  AND started_at < {{to}}
  AND ({{target}} IS NULL OR target_origin = {{target}})
  AND ({{sender}} IS NULL OR sender_id = {{sender}})
GROUP BY error_class
ORDER BY attempts DESC, error_class NULLS FIRST
