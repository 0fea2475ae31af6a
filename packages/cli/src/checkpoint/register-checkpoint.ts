import type { Command } from 'commander';
import type { Effects } from '../effects.ts';
import type { Io } from '../io.ts';
import { addExamples } from '../options.ts';
import type { CheckpointFlags } from './checkpoint-plan.ts';

const NOTES = `
A source is a folder of files, the data folder of millrace up (its attempt log, for --dataset deliveries), or
s3://bucket/prefix; it is never written to. The credentials are those of the AWS command line.`;

const NAMES_AND_PLACES = '--source ./events --checkpoint ./lake';

type Action = (flags: CheckpointFlags, io: Io, effects: Effects) => Promise<void>;

/** Adds the command `checkpoint`. */
export function registerCheckpoint(program: Command, io: Io, effects: Effects): void {
  const checkpoint = program
    .command('checkpoint')
    .summary('fold event objects into Parquet files')
    .description('Folds many small event objects into few Parquet files: each object once, and none left out.')
    .addHelpText('after', NOTES);

  // The engine takes a while to load, and help does without.
  const add = (name: string, load: () => Promise<Action>): Command =>
    addShared(checkpoint.command(name)).action(async (flags: CheckpointFlags) => {
      const act = await load();
      await act(flags, io, effects);
    });

  const run = add('run', async () => (await import('./run-command.ts')).runCommand)
    .description('Folds what is new. Whatever goes wrong on the way, the next run goes on from there.')
    .option('--since <T>', 'only events after this time; a run without it folds the others')
    .option('--full', 'list every object, also where names tell that they are old');
  const status = add('status', async () => (await import('./status-command.ts')).statusCommand).description(
    'Shows the files of a checkpoint, what waits, and who is at work. Looks at no source.',
  );
  const verify = add('verify', async () => (await import('./verify-command.ts')).verifyCommand).description(
    'Reads all sources again and compares them with the files, row by row. Exit code 1 when they differ.',
  );
  const compact = add('compact', async () => (await import('./compact-command.ts')).compactCommand)
    .description('Writes files anew, sorted and in few row groups, where that is due.')
    .option('--all', 'all files');
  const rebuild = add('rebuild', async () => (await import('./rebuild-command.ts')).rebuildCommand)
    .description('Makes a checkpoint anew from its sources: aside first, then in place of what is there.')
    .option('--accept-loss', 'also in place of files with more rows, whose sources are gone');
  const adopt = add('adopt', async () => (await import('./adopt-command.ts')).adoptCommand).description(
    'Takes in files that something else made: finds out which sources they hold. Changes no file.',
  );

  addExamples(checkpoint, [
    [`millrace checkpoint run ${NAMES_AND_PLACES}`, 'Fold what is new'],
    ['millrace checkpoint status --checkpoint ./lake', 'What there is, and what waits'],
    ['millrace query events-by-center --source ./lake', 'Ask questions of it'],
  ]);
  addExamples(run, [
    [`millrace checkpoint run ${NAMES_AND_PLACES}`, 'Of a folder, into a folder'],
    ['millrace checkpoint run --source s3://events/logs --checkpoint s3://lake/checkpoints', 'Of a bucket'],
    [
      'millrace checkpoint run --dataset deliveries --source ./millrace-data --checkpoint ./millrace-data/checkpoints',
      'What millrace up does by itself',
    ],
    [
      `millrace checkpoint run ${NAMES_AND_PLACES} --key-template 'visit-events/{study}.parquet'`,
      'A file for each study',
    ],
  ]);
  addExamples(status, [
    ['millrace checkpoint status --checkpoint ./lake', 'Files, and what waits'],
    ['millrace checkpoint status --checkpoint s3://lake/checkpoints --json | jq .pending', 'For a script'],
  ]);
  addExamples(verify, [[`millrace checkpoint verify ${NAMES_AND_PLACES}`, 'Is every event there, and none twice?']]);
  addExamples(compact, [['millrace checkpoint compact --checkpoint ./lake', 'Tidy up']]);
  addExamples(rebuild, [
    [`millrace checkpoint rebuild ${NAMES_AND_PLACES}`, 'A file is damaged, or the state is gone'],
  ]);
  addExamples(adopt, [[`millrace checkpoint adopt ${NAMES_AND_PLACES}`, 'Go on with files of another program']]);
}

function addShared(command: Command): Command {
  return command
    .option('--dataset <D>', 'what the objects are: visit-events or deliveries', 'visit-events')
    .option('--source <S>', 'the objects: a folder, or s3://bucket/prefix')
    .option('--checkpoint <C>', 'the checkpoint: a folder, or s3://bucket/prefix')
    .option(
      '--key-template <T>',
      'paths of its files, such as visit-events/{study}.parquet; millrace query looks only below the folder named like the dataset',
    )
    .option('--endpoint <URL>', 'with s3://: address of an emulator')
    .option('--patience <D>', 'how long to wait for a run that is at work, such as 5m (default: 1m)')
    .option('--json', 'print JSON, and nothing else, to stdout');
}
