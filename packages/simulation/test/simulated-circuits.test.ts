/** The simulated table keeps the promises of `CircuitStore` under the real adapter. */

import { createDynamoCircuitStore } from '@millrace/core/aws';
import { createManualClock, describeCircuitStore } from '@millrace/core/testing';
import { borrowClients } from '../src/aws/sdk-clients.ts';
import { createTable } from '../src/aws/table.ts';

describeCircuitStore('the adapter on a simulated table', () => {
  const clock = createManualClock();
  const table = createTable();
  const loans = borrowClients();
  const { clients, connect } = loans.borrow();
  connect({
    dynamodb: (command, input) =>
      new Promise((resolve) => {
        resolve(table.answer(command, input, () => undefined));
      }),
    sqs: (command) => Promise.reject(new Error(`${command} is not of circuits`)),
  });
  return Promise.resolve({
    store: createDynamoCircuitStore({ client: clients.dynamodb, tableName: 'circuits', clock }),
    clock,
    restart: () => Promise.resolve(),
    close() {
      loans.giveBack();
      return Promise.resolve();
    },
  });
});
