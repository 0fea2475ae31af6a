-- title: Days from visit to submission and to passing QC
-- answers: How long after each visit was it first submitted, and when did it first pass QC?
-- table: visit_events
-- param study string: only of this study
-- param adcid integer: only of this center
-- param datatype string: only of this data type
-- param visit_from date = 0001-01-01: only visits on or after this day
-- param visit_to date = 9999-12-31: only visits on or before this day
--
-- Days are those of the calendar, in UTC: an event on the day of the visit is 0 days after it.
WITH visits AS (
  SELECT
    {{>visit}},
    max(center_label) AS center_label,
    min("timestamp") FILTER (WHERE action = 'submit') AS first_submit,
    min("timestamp") FILTER (WHERE action = 'pass-qc') AS first_pass
  FROM visit_events
  WHERE visit_date >= CAST({{visit_from}} AS VARCHAR)
    AND visit_date <= CAST({{visit_to}} AS VARCHAR)
    AND ({{study}} IS NULL OR study = {{study}})
    AND ({{adcid}} IS NULL OR pipeline_adcid = {{adcid}})
    AND ({{datatype}} IS NULL OR datatype = {{datatype}})
  GROUP BY {{>visit}}
)
SELECT
  study,
  center_label,
  pipeline_adcid,
  ptid,
  visit_date,
  datatype,
  module,
  first_submit,
  first_pass,
  date_diff('day', TRY_CAST(visit_date AS DATE), CAST(first_submit AS DATE)) AS days_to_submit,
  date_diff('day', TRY_CAST(visit_date AS DATE), CAST(first_pass AS DATE)) AS days_to_pass
FROM visits
ORDER BY visit_date, study, pipeline_adcid, ptid, datatype, module NULLS FIRST
