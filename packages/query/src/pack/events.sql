-- title: Events
-- answers: Which events are there, oldest first?
-- table: visit_events
-- param from timestamp = 0001-01-01T00:00:00Z: only events at or after this time
-- param to timestamp = 9999-12-31T00:00:00Z: only events before this time
-- param visit_from date = 0001-01-01: only of visits on or after this day
-- param visit_to date = 9999-12-31: only of visits on or before this day
-- param action string: only of this action
-- param study string: only of this study
-- param adcid integer: only of this center
-- param ptid string: only of this participant
-- param datatype string: only of this data type
-- param module string: only of this module
-- param packet string: only of this packet
SELECT
  "timestamp",
  action,
  study,
  pipeline_adcid,
  center_label,
  project_label,
  gear_name,
  ptid,
  visit_date,
  visit_number,
  datatype,
  module,
  packet
FROM visit_events
WHERE "timestamp" >= {{from}}
  AND "timestamp" < {{to}}
  AND visit_date >= CAST({{visit_from}} AS VARCHAR)
  AND visit_date <= CAST({{visit_to}} AS VARCHAR)
  AND ({{action}} IS NULL OR action = {{action}})
  AND ({{study}} IS NULL OR study = {{study}})
  AND ({{adcid}} IS NULL OR pipeline_adcid = {{adcid}})
  AND ({{ptid}} IS NULL OR ptid = {{ptid}})
  AND ({{datatype}} IS NULL OR datatype = {{datatype}})
  AND ({{module}} IS NULL OR module = {{module}})
  AND ({{packet}} IS NULL OR packet = {{packet}})
ORDER BY
  {{>oldest_first}},
  study, pipeline_adcid, ptid, visit_date, datatype, module NULLS FIRST
