-- title: Delays by center
-- answers: How many days does each center take from visit to first submission, and to first passing QC?
-- table: visit_events
-- chart: center_label, median_days_to_submit
-- param study string: only of this study
-- param datatype string: only of this data type
-- param visit_from date = 0001-01-01: only visits on or after this day
-- param visit_to date = 9999-12-31: only visits on or before this day
--
-- Days are those of the calendar, in UTC. A median is a value that occurs: the lower one of two in the middle.
WITH visits AS (
  SELECT
    {{>visit}},
    max(center_label) AS center_label,
    CAST(min("timestamp") FILTER (WHERE action = 'submit') AS DATE) AS submit_day,
    CAST(min("timestamp") FILTER (WHERE action = 'pass-qc') AS DATE) AS pass_day
  FROM visit_events
  WHERE visit_date >= CAST({{visit_from}} AS VARCHAR)
    AND visit_date <= CAST({{visit_to}} AS VARCHAR)
    AND ({{study}} IS NULL OR study = {{study}})
    AND ({{datatype}} IS NULL OR datatype = {{datatype}})
  GROUP BY {{>visit}}
),
delays AS (
  SELECT
    pipeline_adcid,
    center_label,
    date_diff('day', TRY_CAST(visit_date AS DATE), submit_day) AS to_submit,
    date_diff('day', TRY_CAST(visit_date AS DATE), pass_day) AS to_pass
  FROM visits
),
ranked AS (
  SELECT
    pipeline_adcid,
    center_label,
    to_submit,
    to_pass,
    count(to_submit) OVER (PARTITION BY pipeline_adcid) AS submitted,
    count(to_pass) OVER (PARTITION BY pipeline_adcid) AS passed,
    row_number() OVER (PARTITION BY pipeline_adcid ORDER BY to_submit NULLS LAST) AS submit_place,
    row_number() OVER (PARTITION BY pipeline_adcid ORDER BY to_pass NULLS LAST) AS pass_place
  FROM delays
)
SELECT
  max(center_label) AS center_label,
  pipeline_adcid,
  count(*) AS visits,
  count(to_submit) AS submitted,
  avg(to_submit) AS average_days_to_submit,
  min(to_submit) FILTER (WHERE 2 * submit_place >= submitted) AS median_days_to_submit,
  count(to_pass) AS passed,
  avg(to_pass) AS average_days_to_pass,
  min(to_pass) FILTER (WHERE 2 * pass_place >= passed) AS median_days_to_pass
FROM ranked
GROUP BY pipeline_adcid
ORDER BY pipeline_adcid
