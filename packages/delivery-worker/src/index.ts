export { type AttemptLog, createAttemptLog } from './attempt-log.ts';
export { countStoreError } from './attempt-metrics.ts';
export { observeCircuits } from './circuit-observer.ts';
export { loadConfig, type WorkerConfig } from './config.ts';
export { type AttemptReport, type DeliverDeps, type Disposition, deliver } from './deliver.ts';
export { createDeliveryLimits, type DeliveryLimits } from './delivery-limits.ts';
export {
  type DeliveryLoop,
  type DeliveryLoopDeps,
  type EntryQueue,
  startDeliveryLoop,
} from './delivery-loop.ts';
export type { ExchangeTimings, TimingsListener } from './exchange-timings.ts';
export type { CircuitEvent } from './gate/target-changes.ts';
export {
  type Admission,
  createTargetGate,
  type TargetGate,
  type TargetGateDeps,
} from './gate/target-gate.ts';
export { createHttpTarget, type HttpTargetOptions, type Target } from './http-target.ts';
export {
  createDeliveryHandler,
  createFunctionGate,
  createStrandedHandler,
  type DeliveryHandlerDeps,
  type SqsHandler,
} from './lambda-handlers.ts';
export type { Timers } from './timers.ts';
export { observeWorker, reportDrop } from './worker-observer.ts';
