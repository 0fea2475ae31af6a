/** The Parameter Store of SSM in memory. Values of SecureString come back as `kms:…` unless decryption is asked for. */

import { flag, text, texts } from './json-input.ts';
import { dispatch, type Json, type JsonService, ServiceError, type ServiceErrorOptions } from './service.ts';

export const SSM_LACKS: readonly string[] = [
  'ssm parameter history, labels, policies and tags',
  'ssm everything but the parameter store',
];

export interface SsmServerOptions {
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly region: string;
  readonly accountId: string;
}

interface Parameter {
  readonly Name: string;
  readonly Type: string;
  readonly Value: string;
  readonly Version: number;
  /** Epoch seconds, as the protocol wants them. */
  readonly LastModifiedDate: number;
  readonly ARN: string;
  readonly DataType: string;
}

const TYPES = new Set(['String', 'StringList', 'SecureString']);
/** Of a standard parameter. */
const MAX_VALUE_BYTES = 4_096;
/** With the ARN of the parameter before them. */
const MAX_NAME_LENGTH = 1_011;
const MAX_LEVELS = 15;
const MAX_NAMES = 10;
const MAX_PAGE = 10;

function ssmError(code: string, message: string, options: ServiceErrorOptions = {}): ServiceError {
  return new ServiceError(`com.amazonaws.ssm#${code}`, message, options);
}

const invalid = (message: string): ServiceError =>
  new ServiceError('com.amazon.coral.validate#ValidationException', message);

export function createSsmServer({ clock, region, accountId }: SsmServerOptions): JsonService {
  const parameters = new Map<string, Parameter>();

  const arnOf = (name: string): string =>
    `arn:aws:ssm:${region}:${accountId}:parameter${name.startsWith('/') ? '' : '/'}${name}`;

  function put(input: Json): Json {
    const name = legalName(required(input, 'Name'));
    const value = required(input, 'Value');
    const existing = parameters.get(name);
    const type = text(input, 'Type') ?? existing?.Type;
    if (type === undefined || !TYPES.has(type)) throw invalid(`the type of parameter ${name} is missing or unknown`);
    if (value.includes('{{')) throw invalid('Parameter value can\'t nest another parameter. Do not use "{{}}".');
    if (Buffer.byteLength(value) > MAX_VALUE_BYTES)
      throw invalid(`Standard tier parameters support a maximum parameter value of ${MAX_VALUE_BYTES} characters.`);
    if (existing !== undefined && flag(input, 'Overwrite') !== true)
      throw ssmError(
        'ParameterAlreadyExists',
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
      );
    const parameter: Parameter = {
      Name: name,
      Type: type,
      Value: value,
      Version: (existing?.Version ?? 0) + 1,
      LastModifiedDate: clock() / 1_000,
      ARN: arnOf(name),
      DataType: text(input, 'DataType') ?? 'text',
    };
    parameters.set(name, parameter);
    return { Version: parameter.Version, Tier: 'Standard' };
  }

  function legalName(name: string): string {
    const hasLevels = name.startsWith('/') && name.split('/').length - 1 <= MAX_LEVELS;
    const isLegal = /^[\w.-]+$/.test(name) || (hasLevels && /^(?:\/[\w.-]+)+$/.test(name));
    if (isLegal && !/^\/?(?:aws|ssm)/i.test(name) && arnOf(name).length <= MAX_NAME_LENGTH) return name;
    throw invalid(`Parameter name ${name}: only a mix of letters, numbers and the following 3 symbols .-_ is allowed.`);
  }

  function getMany(input: Json): Json {
    const names = texts(input, 'Names');
    if (names.length === 0 || names.length > MAX_NAMES) throw invalid(`names must be 1 to ${MAX_NAMES}`);
    const found = names.map((name) => ({ name, parameter: parameters.get(name) }));
    return {
      Parameters: found.flatMap(({ parameter }) => (parameter === undefined ? [] : [shown(parameter, input)])),
      InvalidParameters: found.flatMap(({ name, parameter }) => (parameter === undefined ? [name] : [])),
    };
  }

  function getByPath(input: Json): Json {
    const path = required(input, 'Path');
    if (!path.startsWith('/')) throw ssmError('InvalidFilterValue', 'The parameter path must begin with a slash.');
    const folder = path.endsWith('/') ? path : `${path}/`;
    const isDeep = flag(input, 'Recursive') === true;
    const names = [...parameters.keys()]
      .filter((name) => name.startsWith(folder) && (isDeep || !name.slice(folder.length).includes('/')))
      .sort();
    const start = Number(text(input, 'NextToken') ?? 0);
    const page = names.slice(start, start + pageSize(input));
    const next = start + page.length;
    return {
      Parameters: page.flatMap((name) => {
        const parameter = parameters.get(name);
        return parameter === undefined ? [] : [shown(parameter, input)];
      }),
      ...(next < names.length ? { NextToken: String(next) } : {}),
    };
  }

  const actions: Readonly<Record<string, (input: Json) => Json>> = {
    PutParameter: put,
    GetParameter(input) {
      const parameter = parameters.get(required(input, 'Name'));
      if (parameter === undefined) throw ssmError('ParameterNotFound', '');
      return { Parameter: shown(parameter, input) };
    },
    GetParameters: getMany,
    GetParametersByPath: getByPath,
    DeleteParameter(input) {
      if (!parameters.delete(required(input, 'Name'))) throw ssmError('ParameterNotFound', '');
      return {};
    },
  };

  return { call: dispatch(actions) };
}

function required(input: Json, name: string): string {
  const value = text(input, name);
  if (value === undefined || value === '') throw invalid(`${name} is missing`);
  return value;
}

function pageSize(input: Json): number {
  const size = input['MaxResults'] ?? MAX_PAGE;
  if (typeof size !== 'number' || size < 1 || size > MAX_PAGE) throw invalid(`MaxResults must be 1 to ${MAX_PAGE}`);
  return size;
}

function shown(parameter: Parameter, input: Json): Json {
  const isHidden = parameter.Type === 'SecureString' && flag(input, 'WithDecryption') !== true;
  return isHidden ? { ...parameter, Value: `kms:${Buffer.from(parameter.Name).toString('base64')}` } : { ...parameter };
}
