export type { ColumnSpec, ColumnType, Row, TableSchema, Value } from './table-schema.ts';
