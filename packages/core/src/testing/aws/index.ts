export type { CallStats } from './call-log.ts';
export { ConnectionCut } from './call-pipeline.ts';
export {
  createEventSourceMapping,
  type EventSourceMapping,
  type EventSourceMappingOptions,
  type PollResult,
  type SqsFunction,
} from './event-source-mapping/event-source-mapping.ts';
export type { Caller, Fault, FaultHandle, FaultRule, SeenCall } from './faults.ts';
export {
  type DirectConfig,
  type LocalAws,
  type LocalAwsConfig,
  type LocalAwsOptions,
  startLocalAws,
} from './local-aws.ts';
export {
  createCircuitsTable,
  createMessageResources,
  type MessageResources,
  type ResourceOptions,
} from './message-resources.ts';
export type { S3Fault, S3Hook, SeenS3Request } from './s3-server/faults.ts';
export {
  type RequestCounts,
  S3_LACKS,
  type S3Server,
  type S3ServerOptions,
  startS3Server,
} from './s3-server/server.ts';
export { type Json, ServiceError, type ServiceName } from './service.ts';
export type { DisorderOptions } from './sqs-server/disorder.ts';
export type { QueuedMessage } from './sqs-server/queue.ts';
export type { SqsServer } from './sqs-server/sqs-server.ts';
