/** What is packaged: the one list of functions and layers. */

/** Code that runs as Lambda functions, in one zip. */
export interface FunctionSpec {
  /** Of the zip. */
  readonly name: string;
  /** Workspace folder, from the root of the repository. */
  readonly folder: string;
  /** Source files in `src`, without `.ts`: entry `lambda` has the handler string `lambda.handler`. */
  readonly entries: readonly string[];
  /** Names of layers; a library of one is not in the zip. */
  readonly layers: readonly string[];
}

/** Libraries that several functions share, or that are too large for a function's zip. */
export interface LayerSpec {
  /** Of the layer; its zip is `<name>-layer.zip`. */
  readonly name: string;
  /** Libraries of one group have code in common, which is there once. */
  readonly groups: readonly (readonly LibrarySpec[])[];
}

export interface LibrarySpec {
  /** As the code imports it. */
  readonly specifier: string;
  /** Workspace folder that depends on it. */
  readonly folder: string;
}

export const HANDLER_EXPORT = 'handler';

export const FUNCTIONS: readonly FunctionSpec[] = [
  { name: 'ingest-api', folder: 'packages/ingest-api', entries: ['lambda'], layers: ['runtime'] },
  {
    name: 'delivery-worker',
    folder: 'packages/delivery-worker',
    entries: ['accounting-lambda', 'lambda', 'stranded-lambda'],
    layers: ['runtime'],
  },
  { name: 'checkpoint', folder: 'packages/checkpoint', entries: ['lambda'], layers: ['runtime', 'parquet'] },
];

export const LAYERS: readonly LayerSpec[] = [
  {
    name: 'runtime',
    groups: [
      [
        { specifier: '@aws-sdk/client-dynamodb', folder: 'packages/core' },
        { specifier: '@aws-sdk/client-s3', folder: 'packages/core' },
        { specifier: '@aws-sdk/client-secrets-manager', folder: 'packages/core' },
        { specifier: '@aws-sdk/client-sqs', folder: 'packages/core' },
        { specifier: '@aws-sdk/client-ssm', folder: 'packages/core' },
        { specifier: '@aws-sdk/s3-request-presigner', folder: 'packages/core' },
        { specifier: '@smithy/signature-v4', folder: 'packages/core' },
      ],
      [{ specifier: '@aws-lambda-powertools/metrics', folder: 'packages/core' }],
      [{ specifier: 'pino', folder: 'packages/ingest-api' }],
      // Larger than a function's whole budget, most of it WebAssembly.
      [{ specifier: 'undici/lib/dispatcher/agent.js', folder: 'packages/delivery-worker' }],
      // The agent holds the same 40 kB: only ES modules can share them, and undici is none.
      [{ specifier: 'undici/lib/core/connect.js', folder: 'packages/delivery-worker' }],
    ],
  },
  {
    name: 'parquet',
    groups: [[{ specifier: 'hysnappy', folder: 'packages/parquet' }]],
  },
];

/** Bytes of a zip, 1 kB = 1,000 bytes. A layer is loaded by every function, so it has a budget as well. */
export const BUDGETS = { function: 150_000, layer: 600_000 } as const;

/** Licences under which code may be passed on inside a zip, as long as its text goes with it where it asks for that. */
export const ALLOWED_LICENCES: readonly string[] = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
];

export function librariesOf(layer: LayerSpec): readonly LibrarySpec[] {
  return layer.groups.flat();
}
