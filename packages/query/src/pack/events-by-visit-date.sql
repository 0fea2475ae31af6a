-- title: Events by date of the visit
-- answers: How many events and visits are there of each day of visits, within a range of days?
-- table: visit_events
-- chart: visit_date, events
-- param visit_from date = 0001-01-01: only visits on or after this day
-- param visit_to date = 9999-12-31: only visits on or before this day
-- param study string: only of this study
-- param adcid integer: only of this center
SELECT
  TRY_CAST(visit_date AS DATE) AS visit_date,
  count(*) AS events,
  count(DISTINCT ({{>visit}})) AS visits
FROM visit_events
WHERE visit_date >= CAST({{visit_from}} AS VARCHAR)
  AND visit_date <= CAST({{visit_to}} AS VARCHAR)
  AND ({{study}} IS NULL OR study = {{study}})
  AND ({{adcid}} IS NULL OR pipeline_adcid = {{adcid}})
GROUP BY TRY_CAST(visit_date AS DATE)
ORDER BY 1 NULLS FIRST
