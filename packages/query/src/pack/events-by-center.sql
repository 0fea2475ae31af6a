-- title: Events by center
-- answers: How many events and visits has each center, and when were its first and its last?
-- table: visit_events
-- chart: center_label, events
-- param study string: only of this study
-- param datatype string: only of this data type
-- param from timestamp = 0001-01-01T00:00:00Z: only events at or after this time
-- param to timestamp = 9999-12-31T00:00:00Z: only events before this time
--
-- A center is its pipeline_adcid. Should its label have changed, the one that sorts last names it.
SELECT
  max(center_label) AS center_label,
  pipeline_adcid,
  count(*) AS events,
  count(DISTINCT ({{>visit}})) AS visits,
  min("timestamp") AS first_event,
  max("timestamp") AS last_event
FROM visit_events
WHERE "timestamp" >= {{from}}
  AND "timestamp" < {{to}}
  AND ({{study}} IS NULL OR study = {{study}})
  AND ({{datatype}} IS NULL OR datatype = {{datatype}})
GROUP BY pipeline_adcid
ORDER BY events DESC, pipeline_adcid
