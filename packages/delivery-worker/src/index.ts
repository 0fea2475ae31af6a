export { logAttempt } from './attempt-log.ts';
export { loadConfig, type WorkerConfig } from './config.ts';
export { type AttemptReport, type DeliverDeps, type Disposition, deliver } from './deliver.ts';
export { type DeliveryLoop, type DeliveryLoopDeps, type EntryQueue, startDeliveryLoop } from './delivery-loop.ts';
export { logCircuit, OUT_OF_REACH } from './gate/gate-log.ts';
export type { CircuitEvent } from './gate/target-changes.ts';
export { createTargetGate, type OriginLane, type TargetGate, type TargetGateDeps } from './gate/target-gate.ts';
export { createHttpTarget, type HttpTargetOptions, type Target } from './http-target.ts';
export {
  createDeliveryHandler,
  createFunctionGate,
  createStrandedHandler,
  type DeliveryHandlerDeps,
  type SqsHandler,
} from './lambda-handlers.ts';
