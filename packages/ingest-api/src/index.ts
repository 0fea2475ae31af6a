export { type ApiDeps, createApp } from './app.ts';
export { createBearerCallers } from './bearer-callers.ts';
export type { Caller, CallerOf } from './caller.ts';
export { type ApiConfig, loadConfig } from './config.ts';
export { createIntake, type IntakeLimits, refusingWhenFull } from './intake.ts';
export type { KeyDesk } from './key-handlers.ts';
export { createKeyQuotas } from './key-quota.ts';
export { type KeyRing, openKeyRing } from './key-ring.ts';
export { isLoopback } from './loopback.ts';
