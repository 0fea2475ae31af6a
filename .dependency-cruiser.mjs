/** The import rules of docs/architecture.md. `pnpm lint:imports` fails when one is broken. */

const packages = '^packages/(core|ingest-api|delivery-worker|checkpoint)/src/';
const compositionRoots = '(lambda\\.ts$|/testing/)';

export default {
  forbidden: [
    {
      name: 'domain-is-pure',
      comment: 'The domain imports nothing outside itself but pure functions: hashing, and reading of IP addresses.',
      severity: 'error',
      from: { path: '^packages/core/src/domain/' },
      to: { pathNot: ['^packages/core/src/domain/', '^(node:)?crypto$', '/node_modules/ipaddr\\.js/'] },
    },
    {
      name: 'ports-speak-domain',
      comment: 'A port is an interface in words of the domain, and its errors.',
      severity: 'error',
      from: { path: '^packages/core/src/ports/' },
      to: { pathNot: '^packages/core/src/((domain|ports)/|errors\\.ts$)' },
    },
    {
      name: 'adapters-only-in-composition-roots',
      comment: 'Use cases receive adapters; only lambda.ts, the command line and tests build them.',
      severity: 'error',
      from: { path: packages, pathNot: ['^packages/core/src/(sqlite|aws|testing)/', compositionRoots] },
      to: { path: '^packages/core/src/(sqlite|aws|testing)/' },
    },
    {
      name: 'adapters-do-not-know-each-other',
      severity: 'error',
      from: { path: '^packages/core/src/(sqlite|aws)/' },
      to: { path: '^packages/core/src/(sqlite|aws)/', pathNot: '^packages/core/src/$1/' },
    },
    {
      name: 'functions-do-not-know-each-other',
      comment: 'Function packages meet only in the command line.',
      severity: 'error',
      from: { path: '^packages/(ingest-api|delivery-worker|checkpoint)/', pathNot: '/bench/' },
      to: { path: '^packages/(ingest-api|delivery-worker|checkpoint|cli|query)/', pathNot: '^packages/$1/' },
    },
    {
      name: 'no-testing-in-production-code',
      comment: 'The simulation is a test as a program of its own.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: ['/src/testing/', '^packages/simulation/'] },
      to: { path: '/src/testing/' },
    },
    {
      name: 'parquet-is-bytes',
      comment: 'The format knows no stores and no datasets.',
      severity: 'error',
      from: { path: '^packages/parquet/src/', pathNot: '/testing/' },
      to: { path: '^packages/(?!parquet/)' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-unresolved',
      comment: 'aws-lambda is types alone: @types/aws-lambda has no library beside it.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^aws-lambda$' },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node'],
      extensions: ['.ts', '.mjs', '.js'],
    },
  },
};
