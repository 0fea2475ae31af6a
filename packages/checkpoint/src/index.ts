export type {
  Dataset,
  DatasetName,
  DatasetRow,
  EventProblem,
  KeyReading,
  ListingRange,
  ObjectReading,
} from './datasets/dataset.ts';
