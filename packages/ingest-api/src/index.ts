export { type AcceptOutcome, accept } from './accept.ts';
export { type ApiDeps, createApp } from './app.ts';
export type { Caller, CallerOf } from './caller.ts';
export { type ApiConfig, loadConfig } from './config.ts';
