-- title: QC pass rate
-- answers: Which share of each center's checked visits passes QC, now and at the first check?
-- table: visit_events
-- chart: center_label, pass_rate
-- param study string: only of this study
-- param datatype string: only of this data type
-- param module string: only of this module
--
-- A visit is checked when it has an event pass-qc or not-pass-qc; of these the latest says how it stands now.
WITH checks AS (
  SELECT
    action,
    pipeline_adcid,
    center_label,
    row_number() OVER (PARTITION BY {{>visit}} ORDER BY {{>newest_first}}) AS place_from_end,
    row_number() OVER (PARTITION BY {{>visit}} ORDER BY {{>oldest_first}}) AS place
  FROM visit_events
  WHERE action IN ('pass-qc', 'not-pass-qc')
    AND ({{study}} IS NULL OR study = {{study}})
    AND ({{datatype}} IS NULL OR datatype = {{datatype}})
    AND ({{module}} IS NULL OR module = {{module}})
)
SELECT
  max(center_label) AS center_label,
  pipeline_adcid,
  count(*) FILTER (WHERE place = 1) AS checked,
  count(*) FILTER (WHERE place_from_end = 1 AND action = 'pass-qc') AS passed,
  CAST(count(*) FILTER (WHERE place_from_end = 1 AND action = 'pass-qc') AS DOUBLE)
    / count(*) FILTER (WHERE place = 1) AS pass_rate,
  count(*) FILTER (WHERE place = 1 AND action = 'pass-qc') AS passed_first,
  CAST(count(*) FILTER (WHERE place = 1 AND action = 'pass-qc') AS DOUBLE)
    / count(*) FILTER (WHERE place = 1) AS first_pass_rate
FROM checks
GROUP BY pipeline_adcid
ORDER BY pipeline_adcid
