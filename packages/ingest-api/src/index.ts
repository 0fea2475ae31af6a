export { observeApi } from './accept-observer.ts';
export { type ApiDeps, createApp } from './app.ts';
export type { Caller, CallerOf } from './caller.ts';
export { type ApiConfig, loadConfig } from './config.ts';
export type { HealthCheck } from './health-handlers.ts';
export type { MetricsText } from './metrics-handler.ts';
