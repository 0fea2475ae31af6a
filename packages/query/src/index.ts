export * from './datasets/columns.ts';
export { type Engine, type EngineOptions, openEngine } from './engine/engine.ts';
export { firstRows, type QueryResult, type ResultColumn, rowsOf } from './engine/result.ts';
export type { TableFiles } from './engine/views.ts';
export * from './errors.ts';
export type { NamedQuery } from './named-query/named-query.ts';
export { loadPack } from './named-query/pack.ts';
export {
  type Parameter,
  type ParameterType,
  type ParameterValues,
  readParameterValues,
} from './named-query/parameters.ts';
export * from './named-query/render.ts';
export { arrowBytes } from './output/arrow.ts';
export { type ChartOptions, chartText } from './output/chart.ts';
export { csvText } from './output/csv.ts';
export { jsonText } from './output/json.ts';
export { isNumeric, toText } from './output/values.ts';
export { listLocalFiles } from './source/local-files.ts';
export { type CacheOptions, type FetchProgress, fetchDataset } from './source/object-cache.ts';
