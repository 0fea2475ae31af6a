export * from './factories.ts';
export * from './manual-clock.ts';
export * from './message-store-conformance.ts';
export * from './message-store-harness.ts';
export * from './message-store-steps.ts';
export * from './use-harness.ts';
