-- title: Events by packet
-- answers: How many events and visits are there of each packet?
-- table: visit_events
-- chart: packet, events
-- param study string: only of this study
-- param adcid integer: only of this center
-- param module string: only of this module
-- param packet string: only of this packet
SELECT
  packet,
  count(*) AS events,
  count(DISTINCT ({{>visit}})) AS visits
FROM visit_events
WHERE ({{study}} IS NULL OR study = {{study}})
  AND ({{adcid}} IS NULL OR pipeline_adcid = {{adcid}})
  AND ({{module}} IS NULL OR module = {{module}})
  AND ({{packet}} IS NULL OR packet = {{packet}})
GROUP BY packet
ORDER BY events DESC, packet NULLS FIRST
