/** A function in a process of its own, started by the runtime client with the environment that Lambda gives it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { FunctionRoot } from './function-root.ts';
import { type RuntimeApi, startRuntimeApi } from './runtime-api.ts';

export interface FunctionProcess extends Pick<RuntimeApi, 'invoke' | 'initError'> {
  /** Ends when the function asks for its first event. @throws Error with its output when it exits before */
  ready(): Promise<void>;
  /** Everything on standard output so far. */
  output(): string;
  /** Ends with the process: its exit code. */
  readonly exited: Promise<number | null>;
  stop(): Promise<void>;
}

export interface FunctionOptions {
  readonly root: FunctionRoot;
  /** Of the runtime client. */
  readonly client: string;
  /** `file.export`, as the infrastructure writes it. */
  readonly handler: string;
  /** Settings of the function, and where AWS is. */
  readonly environment: Readonly<Record<string, string>>;
  /** What runs Node, and options of Node; by default Node alone. */
  readonly command?: readonly [string, ...string[]];
}

export async function startFunction(options: FunctionOptions): Promise<FunctionProcess> {
  const { root, client, handler, environment, command: [program, ...before] = [process.execPath] } = options;
  const api = await startRuntimeApi();
  const child = spawn(program, [...before, client], {
    cwd: root.taskRoot,
    env: { ...lambdaEnvironment(root, handler, api.address), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  // Not before all of its output is here.
  const exited = once(child, 'close').then(([code]: unknown[]) => (typeof code === 'number' ? code : null));
  const orExit = <T>(work: Promise<T>): Promise<T> =>
    Promise.race([
      work,
      exited.then((code) => Promise.reject(new Error(`the function exited with ${code}:\n${output()}`))),
    ]);
  async function stop(): Promise<void> {
    child.kill('SIGKILL');
    await exited;
    await api.close();
  }
  let stopped: Promise<void> | undefined;
  return {
    invoke: (event, timeoutMs) => orExit(api.invoke(event, timeoutMs)),
    ready: () => orExit(api.ready),
    initError: api.initError,
    output,
    exited,
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

function collect(child: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

function lambdaEnvironment({ taskRoot, nodePath }: FunctionRoot, handler: string, runtimeApi: string) {
  return {
    _HANDLER: handler,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    LAMBDA_TASK_ROOT: taskRoot,
    NODE_PATH: nodePath,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: '/usr/local/bin:/usr/bin/:/bin',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: 'function',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_FORMAT: 'JSON',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/function',
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/22/[$LATEST]0123456789abcdef',
  };
}
