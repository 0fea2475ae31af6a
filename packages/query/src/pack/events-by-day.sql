-- title: Events by day
-- answers: How many events happened each day (UTC), within a range of time?
-- table: visit_events
-- chart: day, events
-- param from timestamp = 0001-01-01T00:00:00Z: only events at or after this time
-- param to timestamp = 9999-12-31T00:00:00Z: only events before this time
-- param study string: only of this study
-- param adcid integer: only of this center
SELECT
  CAST("timestamp" AS DATE) AS day,
  count(*) AS events,
  count(DISTINCT ({{>visit}})) AS visits
FROM visit_events
WHERE "timestamp" >= {{from}}
  AND "timestamp" < {{to}}
  AND ({{study}} IS NULL OR study = {{study}})
  AND ({{adcid}} IS NULL OR pipeline_adcid = {{adcid}})
GROUP BY CAST("timestamp" AS DATE)
ORDER BY 1
