export * from './generate-visit-events.ts';
export * from './visit-event-names.ts';
export * from './visit-event-samples.ts';
