export { logAttempt } from './attempt-log.ts';
export { loadConfig, type WorkerConfig } from './config.ts';
export { type AttemptReport, type DeliverDeps, type Disposition, deliver } from './deliver.ts';
export { createDeliveryLimits, type DeliveryLimits } from './delivery-limits.ts';
export { type DeliveryLoop, type DeliveryLoopDeps, type EntryQueue, startDeliveryLoop } from './delivery-loop.ts';
export { createHttpTarget, type HttpTargetOptions, type Target } from './http-target.ts';
export {
  createDeliveryHandler,
  createStrandedHandler,
  type DeliveryHandlerDeps,
  type SqsHandler,
} from './lambda-handlers.ts';
