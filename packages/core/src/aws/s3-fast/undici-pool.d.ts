/** undici's entry point also loads fetch, WebSocket, caches and mocks, which a reader never uses. */
declare module 'undici/lib/dispatcher/pool.js' {
  export { Pool as default } from 'undici';
}
