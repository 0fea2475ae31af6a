export { type FileObjectStoreOptions, openFileObjectStore } from './file-object-store.ts';
export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from './sqlite-message-store.ts';
