export { type ApiDeps, createApp } from './app.ts';
export { type ApiConfig, loadConfig } from './config.ts';
