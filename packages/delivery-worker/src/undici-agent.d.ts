/** undici's entry point also loads fetch, WebSocket, caches and mocks: some 11 MB that a worker never uses. */
declare module 'undici/lib/dispatcher/agent.js' {
  export { Agent as default } from 'undici';
}
