/** What the host of the API says about how its requests are signed. */

export interface SigningScope {
  /** As AWS names it: `execute-api` or `lambda`. */
  readonly service: string;
  readonly region: string;
}

const SERVICES: Readonly<Record<string, string>> = { 'execute-api': 'execute-api', 'lambda-url': 'lambda' };

/** `abc.execute-api.eu-central-1.amazonaws.com`, `abc.lambda-url.eu-central-1.on.aws` */
const HOST = /^[^.]+\.(execute-api|lambda-url)\.([a-z0-9-]+)\./;

/** Undefined for a host that AWS did not name: a domain of one's own, an emulator. */
export function scopeOfHost(host: string): SigningScope | undefined {
  const [, kind = '', region = ''] = HOST.exec(host) ?? [];
  const service = SERVICES[kind];
  return service === undefined ? undefined : { service, region };
}

/** The permissions that a call of the API needs. Function URLs made since October 2025 ask for both. */
export function permissionsOf(service: string): string {
  return service === 'lambda' ? 'lambda:InvokeFunctionUrl and lambda:InvokeFunction' : `${service}:Invoke`;
}
