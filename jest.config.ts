import type { Config } from 'jest';

const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' } }] },
  testPathIgnorePatterns: ['/node_modules/'],
} satisfies Config;

const config: Config = {
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/packages/*/test/*.test.ts'] },
    // Starts the program in processes of its own: kill -9, full disk, the demo.
    { ...shared, displayName: 'integration', testMatch: ['<rootDir>/packages/*/test/integration/*.test.ts'] },
    // The built system, started as AWS does; parts of it need a docker engine.
    { ...shared, displayName: 'deployed', testMatch: ['<rootDir>/packages/*/test/deployed/*.test.ts'] },
  ],
  // Jest's own choice leaves a core idle, which on a small machine is half of it.
  maxWorkers: '100%',
  // Modules of a test file stay in memory when it is done (vm modules are not collected): a worker starts anew before it
  // runs out.
  workerIdleMemoryLimit: '1500MB',
  // For machines that are busy with other things; nothing here waits for a clock.
  testTimeout: 30_000,
  coverageProvider: 'v8',
  collectCoverageFrom: ['packages/*/src/**/*.ts'],
  coverageDirectory: 'coverage',
  coverageReporters: ['text-summary', 'lcovonly'],
  coverageThreshold: { global: { lines: 85 } },
};

export default config;
