-- title: Completeness over time
-- answers: Of the visits that were ever submitted by each day, how many had ever passed QC?
-- table: visit_events
-- chart: day, completeness
-- param study string: only of this study
-- param adcid integer: only of this center
-- param datatype string: only of this data type
-- param module string: only of this module
--
-- Both counts only grow: a visit that fails later, or is deleted, has passed nevertheless. One that passed before its
-- submission came counts from the submission on, so that the share is never above 1. Days (UTC) on which neither
-- count changes are left out.
WITH visits AS (
  SELECT
    CAST(min("timestamp") FILTER (WHERE action = 'submit') AS DATE) AS submit_day,
    CAST(min("timestamp") FILTER (WHERE action = 'pass-qc') AS DATE) AS pass_day
  FROM visit_events
  WHERE ({{study}} IS NULL OR study = {{study}})
    AND ({{adcid}} IS NULL OR pipeline_adcid = {{adcid}})
    AND ({{datatype}} IS NULL OR datatype = {{datatype}})
    AND ({{module}} IS NULL OR module = {{module}})
  GROUP BY {{>visit}}
),
changes AS (
  SELECT submit_day AS day, 1 AS submitted, 0 AS passed
  FROM visits
  WHERE submit_day IS NOT NULL
  UNION ALL
  SELECT CASE WHEN pass_day < submit_day THEN submit_day ELSE pass_day END, 0, 1
  FROM visits
  WHERE submit_day IS NOT NULL AND pass_day IS NOT NULL
),
days AS (
  SELECT day, sum(submitted) AS submitted, sum(passed) AS passed
  FROM changes
  GROUP BY day
),
totals AS (
  SELECT
    day,
    CAST(sum(submitted) OVER (ORDER BY day) AS BIGINT) AS submitted,
    CAST(sum(passed) OVER (ORDER BY day) AS BIGINT) AS passed
  FROM days
)
SELECT day, submitted, passed, CAST(passed AS DOUBLE) / submitted AS completeness
FROM totals
ORDER BY day
