-- title: Errors by center
-- answers: How many visits of each center stand at not-pass-qc?
-- table: visit_events
-- chart: center_label, errors
-- param study string: only of this study
-- param datatype string: only of this data type
--
-- A visit stands where its latest event put it; one that was deleted last is not counted at all.
WITH ranked AS (
  SELECT
    action,
    pipeline_adcid,
    center_label,
    row_number() OVER (PARTITION BY {{>visit}} ORDER BY {{>newest_first}}) AS place
  FROM visit_events
  WHERE ({{study}} IS NULL OR study = {{study}})
    AND ({{datatype}} IS NULL OR datatype = {{datatype}})
)
SELECT
  max(center_label) AS center_label,
  pipeline_adcid,
  count(*) AS visits,
  count(*) FILTER (WHERE action = 'not-pass-qc') AS errors,
  CAST(count(*) FILTER (WHERE action = 'not-pass-qc') AS DOUBLE) / count(*) AS error_rate
FROM ranked
WHERE place = 1 AND action <> 'delete'
GROUP BY pipeline_adcid
ORDER BY errors DESC, pipeline_adcid
