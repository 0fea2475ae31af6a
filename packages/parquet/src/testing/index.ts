/** What tests of packages that use Parquet share. */

export { arbitraryRows, arbitrarySchema, arbitraryValue, rowsOfAll, sortedRows, tableOf } from './tables.ts';
export { aVisit, FIRST_VISIT, someVisits, VISIT_SCHEMA } from './visit-events.ts';
