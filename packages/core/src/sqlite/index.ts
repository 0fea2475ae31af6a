export { type FileObjectStore, type FileObjectStoreOptions, openFileObjectStore } from './file-object-store.ts';
export { type FilePayloadStore, type FilePayloadStoreOptions, openFilePayloadStore } from './file-payload-store.ts';
export { type FileSecretStoreOptions, openFileSecretStore } from './file-secret-store.ts';
export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from './sqlite-message-store.ts';
