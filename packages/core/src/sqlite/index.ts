export { ESCAPED_LAYOUT, type FileLayout } from './file-layout.ts';
export { type FileObjectReader, type FileObjectReaderOptions, openFileObjectReader } from './file-object-reader.ts';
export { type FileObjectStore, type FileObjectStoreOptions, openFileObjectStore } from './file-object-store.ts';
export { type FilePayloadStore, type FilePayloadStoreOptions, openFilePayloadStore } from './file-payload-store.ts';
export { type FileSecretStoreOptions, openFileSecretStore } from './file-secret-store.ts';
export { PLAIN_LAYOUT, VISIBLE_LAYOUT } from './plain-layout.ts';
export { openPlainObjectStore, type PlainObjectStore, type PlainObjectStoreOptions } from './plain-object-store.ts';
export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from './sqlite-message-store.ts';
