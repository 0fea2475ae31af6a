import { describePayloadStore } from '@millrace/core/testing';
import { openFilePayloadHarness } from './support/file-payload-harness.ts';

describePayloadStore('A data folder', openFilePayloadHarness);
