/** What the SDK's clients of one process reach: the table and the queues, each try of a call a step of its own. */

import type { SendMessageBatchCommandInput } from '@aws-sdk/client-sqs';
import type { TargetState } from '@millrace/core';
import { SimulatedFault } from '../faults.ts';
import type { OutsideCall, Process } from '../process.ts';
import type { Sim } from '../sim.ts';
import type { Witness } from '../witness.ts';
import type { Item } from './expressions.ts';
import { describeBody, type Queues } from './queues.ts';
import type { Services } from './sdk-clients.ts';
import type { Table } from './table.ts';
import { toRow } from './table-row.ts';

export interface Surroundings {
  readonly sim: Sim;
  readonly witness: Witness;
  readonly process: Process;
  readonly table: Table;
  readonly queues: Queues;
}

/** Milliseconds between two tries of a call: the SDK waits up to so long, and twice as long each time. */
const FIRST_PAUSE_MS = 100;

type Calling = <T>(tries: number, call: OutsideCall, effect: () => T, partialEffect?: () => T) => Promise<T>;

/** As the SDK does: what may be over soon is tried again. */
function callingFrom({ sim, process }: Pick<Surroundings, 'sim' | 'process'>): Calling {
  return async (tries, call, effect, partialEffect) => {
    for (let number = 1; ; number++) {
      try {
        return await process.call(call, effect, partialEffect);
      } catch (error) {
        if (!(error instanceof SimulatedFault) || number === tries) throw error;
        sim.coverage.count('calls tried again');
        await process.sleep(sim.noise.between(`${process.name}/backoff`, 0, FIRST_PAUSE_MS * 2 ** (number - 1)));
      }
    }
  };
}

export function connectProcess({ sim, witness, process, table, queues }: Surroundings): Services {
  const calling = callingFrom({ sim, process });

  function wrote(item: Item): void {
    const row = toRow(item);
    if (row !== undefined) witness.wrote(process, row);
  }

  return {
    dynamodb: (command, input, tries) =>
      calling(tries, { kind: command.replace('Command', ''), subject: subjectOf(input) }, () =>
        table.answer(command, input, wrote),
      ),

    sqs(command, input, tries) {
      if (command !== 'SendMessageBatchCommand') throw new Error(`the simulation does not know ${command}`);
      const batch = input as SendMessageBatchCommandInput;
      const subject = (batch.Entries ?? []).map(({ MessageBody = '' }) => describeBody(MessageBody)).join(', ');
      const last = (batch.Entries?.length ?? 0) - 1;
      return calling(
        tries,
        { kind: 'SendMessageBatch', subject },
        () => queues.send(batch, () => false),
        () => queues.send(batch, (number) => number === last),
      );
    },
  };
}

/** The table of what is known of targets. */
export function connectCircuits({ sim, witness, process, table }: Omit<Surroundings, 'queues'>): Services {
  const calling = callingFrom({ sim, process });

  function wrote({ senderId, target, version, state }: Item): void {
    const key = { senderId: senderId?.S ?? '', target: target?.S ?? '' };
    witness.targets.wrote(process, key, version?.S ?? '', JSON.parse(state?.S ?? '') as TargetState);
  }

  return {
    dynamodb: (command, input, tries) =>
      calling(tries, { kind: `${command.replace('Command', '')} circuits`, subject: '' }, () =>
        table.answer(command, input, wrote),
      ),
    sqs: (command) => Promise.reject(new Error(`the simulation does not know ${command} of circuits`)),
  };
}

/** The message that a call is about, for chance and for people. */
function subjectOf(input: object): string {
  const { Item, Key } = input as { readonly Item?: Keyed; readonly Key?: Keyed };
  const pk = (Item ?? Key)?.pk?.S ?? '';
  return pk.startsWith('#') ? pk.replace(/\d+$/, '') : pk;
}

interface Keyed {
  readonly pk?: { readonly S?: string };
}
