import { afterEach, beforeEach } from '@jest/globals';
import { batchAnswer, readBatch } from './messages.ts';
import { type CliOptions, runCli } from './run-cli.ts';
import { type Script, type ScriptedServer, startScriptedServer } from './scripted-server.ts';

const ACCEPT_ALL: Script = ({ body }) => batchAnswer(body);

/** A server for each test of a file, which accepts everything unless it is given another script. */
export function useSendServer() {
  let server: ScriptedServer;
  const api = {
    script: ACCEPT_ALL,
    url: () => server.url,
    close: () => server.close(),
    requests: () => server.requests,
    /** The message ids of each request. */
    sentIds: (): string[][] => server.requests.map(({ body }) => readBatch(body).map(({ messageId }) => messageId)),
    /** `millrace send --file -` with an input. */
    sendStdin: (stdin: NonNullable<CliOptions['stdin']>, args: readonly string[] = [], options: CliOptions = {}) =>
      runCli(['send', '--url', server.url, '--file', '-', ...args], { ...options, stdin }),
  };
  beforeEach(async () => {
    api.script = ACCEPT_ALL;
    server = await startScriptedServer((request, number) => api.script(request, number));
  });
  afterEach(api.close);
  return api;
}
