/** What the services of the local AWS have in common: JSON in, JSON or an error out. */

export type Json = Record<string, unknown>;

export type ServiceName = 'dynamodb' | 'sqs' | 's3' | 'secretsmanager' | 'ssm';

/** A service that speaks one of AWS's JSON protocols. It throws `ServiceError` for what AWS answers with an error. */
export interface JsonService {
  call(action: string, input: Json): Json | Promise<Json>;
}

export interface ServiceErrorOptions {
  readonly status?: number;
  /** What the error was called in the query protocol: SQS names errors by both. */
  readonly queryCode?: string;
  /** Members of the answer beside the type and the message. */
  readonly details?: Json;
}

/** An error as a service answers it: `type` is its shape id, such as `com.amazonaws.sqs#QueueDoesNotExist`. */
export class ServiceError extends Error {
  readonly type: string;
  readonly status: number;
  readonly queryCode: string | undefined;
  readonly details: Json;

  constructor(type: string, message: string, options: ServiceErrorOptions = {}) {
    super(message);
    this.name = 'ServiceError';
    this.type = type;
    this.status = options.status ?? 400;
    this.queryCode = options.queryCode;
    this.details = options.details ?? {};
  }
}

export function serializationError(message: string): ServiceError {
  return new ServiceError('com.amazon.coral.service#SerializationException', message);
}

/** Does what is asked for; refuses an action that the service does not have, or that this one lacks. */
export function dispatch(
  actions: Readonly<Record<string, (input: Json) => Json>>,
): (action: string, input: Json) => Json {
  const known = new Map(Object.entries(actions));
  return (action, input) => {
    const run = known.get(action);
    if (run !== undefined) return run(input);
    throw new ServiceError('com.amazon.coral.service#UnknownOperationException', `there is no action ${action} here`);
  };
}
