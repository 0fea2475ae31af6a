/** A system on AWS: where its API is, and requests signed so that it lets them in. */

import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import type { Access } from '../access.ts';
import { AccessError } from '../client-errors.ts';
import { EXIT, ExitError } from '../exit.ts';
import type { Deployment } from '../server-flags.ts';
import { accountOf } from './account.ts';
import { type SigningScope, scopeOfHost } from './api-host.ts';
import { describeAwsError, describeMissingRegion } from './aws-problems.ts';
import { explainRefusal } from './front-door.ts';
import { createRequestSigner } from './request-signer.ts';

export interface DeployedApiDeps {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Reads the parameters that the infrastructure wrote.
 *
 * Needs `ssm:GetParameter` on `/<project>/<env>/api-url`, and on `/<project>/<env>/api-service` when the host of that
 * URL does not say what it is.
 *
 * @throws ExitError when region or credentials are missing; AccessError; the reason of the signal
 */
export async function findDeployedApi(
  deployment: Deployment,
  { now, signal }: DeployedApiDeps,
): Promise<{ readonly url: string; readonly access: Access }> {
  const { env, project, profile, endpoint } = deployment;
  const ssm = createClient(deployment);
  const { credentials, sha256 } = ssm.config;
  try {
    const region = await readRegion(ssm, profile);
    await credentials().catch((cause) => {
      throw new ExitError(EXIT.usage, describeAwsError(cause, { profile }), { cause });
    });
    const get = (name: string) => readParameter(ssm, name, { profile, region, endpoint, signal });
    const parameter = `/${project}/${env}/api-url`;
    const text = await get(parameter);
    if (text === undefined) {
      const account = await accountOf({ region, endpoint, credentials });
      const place = account === undefined ? `region ${region}` : `region ${region}, account ${account}`;
      throw new AccessError(`there is no parameter ${parameter}: is env ${env} deployed here? (${place})`);
    }
    const url = readUrl(text, parameter);
    const scope = scopeOfHost(url.hostname) ?? (await customScope(() => get(`/${project}/${env}/api-service`), region));
    const sign = createRequestSigner({ ...scope, credentials, sha256, now });
    const access: Access = {
      headersFor: (request) =>
        sign(request).catch((cause) => {
          throw new AccessError(describeAwsError(cause, { profile }), { cause });
        }),
      explain: (answer) => explainRefusal(answer, { url: url.origin, scope, now: now() }),
      advice: {
        unreachable: `that is where parameter ${parameter} says that env ${env} is`,
        foreign: `is parameter ${parameter} right?`,
      },
    };
    return { url: url.href, access };
  } finally {
    ssm.destroy();
  }
}

function createClient({ region, profile, endpoint }: Deployment): SSMClient {
  return new SSMClient({
    ...(region === undefined ? {} : { region }),
    ...(profile === undefined ? {} : { profile }),
    ...(endpoint === undefined ? {} : { endpoint }),
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: ANSWER_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
}

function readRegion(ssm: SSMClient, profile: string | undefined): Promise<string> {
  return ssm.config.region().catch((cause) => {
    throw new ExitError(EXIT.usage, describeMissingRegion(profile), { cause });
  });
}

interface ReadOptions extends Pick<Deployment, 'profile' | 'endpoint'> {
  readonly region: string;
  readonly signal: AbortSignal;
}

/** Undefined when there is no such parameter. */
async function readParameter(
  ssm: SSMClient,
  name: string,
  { profile, region, endpoint, signal }: ReadOptions,
): Promise<string | undefined> {
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: name }), { abortSignal: signal });
    return Parameter?.Value;
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof ParameterNotFound) return undefined;
    const call = { action: 'ssm:GetParameter', resource: `parameter ${name}`, region, endpoint };
    throw new AccessError(describeAwsError(cause, { profile, call }), { cause });
  }
}

function readUrl(text: string, parameter: string): URL {
  const url = URL.parse(text);
  const isHttp = url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
  if (isHttp && url.username === '' && url.password === '') return url;
  throw new AccessError(`parameter ${parameter} holds no address of an API: '${text}'`);
}

/** Of a domain of one's own, and of an emulator. */
async function customScope(service: () => Promise<string | undefined>, region: string): Promise<SigningScope> {
  return { service: (await service()) ?? 'execute-api', region };
}
