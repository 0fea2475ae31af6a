/** What the simulation stands on keeps the promises that the emulators and LocalStack keep. */

import { describeMessageStore } from '@millrace/core/testing';
import { openSimulatedAws } from './support/simulated-aws-harness.ts';

describeMessageStore('the adapter on simulated AWS', openSimulatedAws);
