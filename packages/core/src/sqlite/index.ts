export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from './sqlite-message-store.ts';
