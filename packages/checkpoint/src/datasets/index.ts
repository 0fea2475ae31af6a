import type { Dataset, DatasetName } from './dataset.ts';
import { createDeliveries, type DeliveriesOptions } from './deliveries/deliveries.ts';
import { createVisitEvents, type VisitEventsOptions } from './visit-events/visit-events.ts';

export type {
  Dataset,
  DatasetName,
  DatasetRow,
  EventProblem,
  KeyReading,
  ListingRange,
  ObjectReading,
} from './dataset.ts';
export { renderTemplate, templateProblems } from './group-path.ts';
export { serializeVisitEvent, type VisitEvent } from './visit-events/visit-event.ts';

/** What each dataset can be told. */
export interface DatasetOptions {
  readonly 'visit-events': VisitEventsOptions;
  readonly deliveries: DeliveriesOptions;
}

const DATASETS: { readonly [Name in DatasetName]: (options?: DatasetOptions[Name]) => Dataset } = {
  'visit-events': createVisitEvents,
  deliveries: createDeliveries,
};

export const DATASET_NAMES = Object.keys(DATASETS) as readonly DatasetName[];

export function isDatasetName(name: string): name is DatasetName {
  return DATASET_NAMES.some((known) => known === name);
}

export function createDataset<Name extends DatasetName>(name: Name, options?: DatasetOptions[Name]): Dataset {
  return DATASETS[name](options);
}
