/** The worker thread that owns the database: takes all groups that have arrived, and commits them as one. */

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { DataFolderError, errorMessage } from '../errors.ts';
import { releaseStartupMemory } from '../startup-memory.ts';
import { openDatabase } from './database.ts';
import type { EngineOptions, FromThread, ToThread } from './engine-host.ts';
import { type Call, runGroup } from './group-commit.ts';
import { createMessageEngine } from './message-engine.ts';

const port = parentPort;
if (port === null) throw new Error('engine-thread.ts runs as a worker thread only');
const post = (message: FromThread): void => port.postMessage(message);

function open(options: EngineOptions) {
  try {
    const opened = openDatabase(options, (db) => ({ db, engine: createMessageEngine(db, options.retention) }));
    post({ opened: true });
    return opened;
  } catch (error) {
    const message = errorMessage(error);
    post({ opened: false, message, isDataFolderError: error instanceof DataFolderError });
    return undefined;
  }
}

const opened = open(workerData as EngineOptions);
if (opened !== undefined) {
  const { db, engine } = opened;
  releaseStartupMemory();
  port.on('message', (first: ToThread) => {
    const groups: (readonly Call[])[] = [];
    let closing = false;
    for (let message: ToThread | undefined = first; message !== undefined; ) {
      if (message === 'close') closing = true;
      else groups.push(message.calls);
      message = receiveMessageOnPort(port)?.message as ToThread | undefined;
    }
    const answers = runGroup(db, engine, groups.flat());
    for (const group of groups) post({ answers: answers.splice(0, group.length) });
    if (closing) {
      db.close();
      post('closed');
      port.close();
    }
  });
}
