-- title: Timeline of a visit
-- answers: What happened to the visits of a participant, in order?
-- table: visit_events
-- param ptid string required: the participant
-- param visit_date date: only the visit of this day
-- param study string: only of this study
-- param adcid integer: only of this center
-- param datatype string: only of this data type
-- param module string: only of this module
--
-- Identical events are one step each. Days are those of the calendar, in UTC.
SELECT
  study,
  pipeline_adcid,
  visit_date,
  datatype,
  module,
  row_number() OVER (PARTITION BY {{>visit}} ORDER BY {{>oldest_first}}) AS step,
  "timestamp",
  action,
  date_diff('day', TRY_CAST(visit_date AS DATE), CAST("timestamp" AS DATE)) AS days_since_visit,
  visit_number,
  packet,
  gear_name,
  project_label,
  center_label
FROM visit_events
WHERE ptid = {{ptid}}
  AND ({{visit_date}} IS NULL OR visit_date = CAST({{visit_date}} AS VARCHAR))
  AND ({{study}} IS NULL OR study = {{study}})
  AND ({{adcid}} IS NULL OR pipeline_adcid = {{adcid}})
  AND ({{datatype}} IS NULL OR datatype = {{datatype}})
  AND ({{module}} IS NULL OR module = {{module}})
ORDER BY visit_date, study, pipeline_adcid, datatype, module NULLS FIRST, step
