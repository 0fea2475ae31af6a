/** What undici's own connections are made with. It returns the socket at once, which undici's types leave out. */
declare module 'undici/lib/core/connect.js' {
  import type { LookupFunction, Socket } from 'node:net';
  import type { buildConnector } from 'undici';

  export default function build(options: {
    readonly allowH2: boolean;
    readonly autoSelectFamily: boolean;
    readonly timeout: number;
    readonly lookup: LookupFunction;
  }): (options: buildConnector.Options, callback: buildConnector.Callback) => Socket;
}
