/** The errors of SQS: shape, name in the query protocol, status. */

import { ServiceError } from '../service.ts';

const QUERY_PREFIX = 'AWS.SimpleQueueService.';

function sqsError(shape: string, queryCode: string, message: string, status = 400): ServiceError {
  return new ServiceError(`com.amazonaws.sqs#${shape}`, message, { status, queryCode });
}

const prefixed = (code: string, message: string, status?: number): ServiceError =>
  sqsError(code, QUERY_PREFIX + code, message, status);

export const queueDoesNotExist = (): ServiceError =>
  sqsError('QueueDoesNotExist', `${QUERY_PREFIX}NonExistentQueue`, 'The specified queue does not exist.');

export const queueNameExists = (attribute: string): ServiceError =>
  sqsError(
    'QueueNameExists',
    'QueueAlreadyExists',
    `A queue already exists with the same name and a different value for attribute ${attribute}`,
  );

export const purgeInProgress = (name: string): ServiceError =>
  prefixed('PurgeQueueInProgress', `Only one PurgeQueue operation on ${name} is allowed every 60 seconds.`, 403);

export const invalidParameter = (message: string): ServiceError =>
  sqsError('InvalidParameterValueException', 'InvalidParameterValue', message);

export const missingParameter = (name: string): ServiceError =>
  sqsError('MissingRequiredParameterException', 'MissingParameter', `The request must contain the parameter ${name}.`);

export const invalidAttributeName = (name: string): ServiceError =>
  sqsError('InvalidAttributeName', 'InvalidAttributeName', `Unknown Attribute ${name}.`);

export const invalidAttributeValue = (name: string): ServiceError =>
  sqsError('InvalidAttributeValue', 'InvalidAttributeValue', `Invalid value for the parameter ${name}.`);

export const invalidContents = (): ServiceError =>
  sqsError(
    'InvalidMessageContents',
    'InvalidMessageContents',
    'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
  );

export const invalidHandle = (handle: string): ServiceError =>
  sqsError(
    'ReceiptHandleIsInvalid',
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${handle}" is not a valid receipt handle.`,
    404,
  );

export const messageNotInFlight = (): ServiceError =>
  prefixed('MessageNotInflight', 'The specified message is not in flight.');

export const overLimit = (limit: number): ServiceError =>
  sqsError('OverLimit', 'OverLimit', `Too many messages are in flight: the limit is ${limit}.`, 403);

export const unsupported = (message: string): ServiceError => prefixed('UnsupportedOperation', message);

export const emptyBatch = (): ServiceError =>
  prefixed('EmptyBatchRequest', 'There should be at least one entry in the request.');

export const tooManyEntries = (count: number): ServiceError =>
  prefixed('TooManyEntriesInBatchRequest', `Maximum number of entries per request are 10. You have sent ${count}.`);

export const idsNotDistinct = (id: string): ServiceError => prefixed('BatchEntryIdsNotDistinct', `Id ${id} repeated.`);

export const invalidEntryId = (): ServiceError =>
  prefixed(
    'InvalidBatchEntryId',
    'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
  );

export const batchTooLong = (limit: number, size: number): ServiceError =>
  prefixed('BatchRequestTooLong', `Batch requests cannot be longer than ${limit} bytes. You have sent ${size} bytes.`);
