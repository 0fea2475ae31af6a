-- title: Events by action
-- answers: How many events of each action are there, and of how many visits?
-- table: visit_events
-- chart: action, events
-- param study string: only of this study
-- param adcid integer: only of this center
-- param from timestamp = 0001-01-01T00:00:00Z: only events at or after this time
-- param to timestamp = 9999-12-31T00:00:00Z: only events before this time
SELECT
  action,
  count(*) AS events,
  count(DISTINCT ({{>visit}})) AS visits
FROM visit_events
WHERE "timestamp" >= {{from}}
  AND "timestamp" < {{to}}
  AND ({{study}} IS NULL OR study = {{study}})
  AND ({{adcid}} IS NULL OR pipeline_adcid = {{adcid}})
GROUP BY action
ORDER BY events DESC, action
