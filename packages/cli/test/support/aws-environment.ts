import { afterEach, beforeEach } from '@jest/globals';

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIDTEST', AWS_SECRET_ACCESS_KEY: 'a+secret/key' };

/** No file, and no service of a machine in the cloud, has a say. */
const ISOLATED = {
  AWS_CONFIG_FILE: '/nonexistent/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
  AWS_EC2_METADATA_DISABLED: 'true',
};

export type AwsEnvironment = Readonly<Record<string, string | undefined>>;

/** For each test of a file: settings of AWS that are the test's alone. Gives a way to change them. */
export function useAwsEnvironment(): (changes: AwsEnvironment) => void {
  let saved: AwsEnvironment;

  function change(changes: AwsEnvironment): void {
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }

  function present(): AwsEnvironment {
    return Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('AWS_')));
  }

  function clear(): void {
    for (const name of Object.keys(present())) delete process.env[name];
  }

  beforeEach(() => {
    saved = present();
    clear();
    change({ ...ISOLATED, ...KEYS, AWS_REGION: 'eu-central-1' });
  });
  afterEach(() => {
    clear();
    change(saved);
  });
  return change;
}

export const NO_KEYS: AwsEnvironment = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };

/** By access key id. */
export const SECRETS: ReadonlyMap<string, { readonly secretAccessKey: string }> = new Map([
  [KEYS.AWS_ACCESS_KEY_ID, { secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY }],
]);
