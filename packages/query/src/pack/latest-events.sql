-- title: Latest event of each visit
-- answers: Where does each visit stand, and how many events led there?
-- table: visit_events
-- param study string: only of this study
-- param adcid integer: only of this center
-- param datatype string: only of this data type
-- param action string: only visits that stand at this action
WITH ranked AS (
  SELECT
    visit_events.*,
    row_number() OVER (PARTITION BY {{>visit}} ORDER BY {{>newest_first}}) AS place,
    count(*) OVER (PARTITION BY {{>visit}}) AS events
  FROM visit_events
  WHERE ({{study}} IS NULL OR study = {{study}})
    AND ({{adcid}} IS NULL OR pipeline_adcid = {{adcid}})
    AND ({{datatype}} IS NULL OR datatype = {{datatype}})
)
SELECT
  study,
  center_label,
  pipeline_adcid,
  ptid,
  visit_date,
  visit_number,
  datatype,
  module,
  packet,
  action,
  "timestamp",
  gear_name,
  project_label,
  events
FROM ranked
WHERE place = 1
  AND ({{action}} IS NULL OR action = {{action}})
ORDER BY study, pipeline_adcid, ptid, visit_date, datatype, module NULLS FIRST
