/** An error as S3 answers it. */
export class S3Error extends Error {
  readonly code: string;
  readonly status: number;
  /** Further elements of the answer. */
  readonly details: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    extra: {
      readonly details?: Readonly<Record<string, string>>;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
    this.details = extra.details ?? {};
    this.headers = extra.headers ?? {};
  }
}

export function invalidArgument(name: string, value: string, message: string): S3Error {
  return new S3Error(400, 'InvalidArgument', message, { details: { ArgumentName: name, ArgumentValue: value } });
}

export function malformedXml(): S3Error {
  const message = 'The XML you provided was not well-formed or did not validate against our published schema';
  return new S3Error(400, 'MalformedXML', message);
}

export function noSuchKey(key: string): S3Error {
  return new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { details: { Key: key } });
}

export function notImplemented(what: string): S3Error {
  return new S3Error(501, 'NotImplemented', `This test server does not implement ${what}.`);
}

export function preconditionFailed(condition: string): S3Error {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new S3Error(412, 'PreconditionFailed', message, { details: { Condition: condition } });
}
