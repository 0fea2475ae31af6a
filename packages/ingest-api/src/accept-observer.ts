import { errorFields, type LogLines, type Message, type Metrics, messageFields } from '@millrace/core';
import type { AcceptOutcome } from './accept.ts';
import type { ApiDeps } from './app.ts';

type Observer = Required<Pick<ApiDeps, 'onAccept' | 'onStoreError' | 'onError'>>;

/** Tells the log and the metrics what the API does. */
export function observeApi(lines: LogLines, metrics: Metrics): Observer {
  const say = (event: Parameters<LogLines['say']>[0], message: Message): void => {
    if (lines.isOn(event)) lines.say(event, messageFields(message));
  };

  function observe(outcome: AcceptOutcome): void {
    switch (outcome.kind) {
      case 'accepted':
        metrics.count('accepted', {});
        say('message.accepted', outcome.message);
        break;
      case 'duplicate':
        metrics.count('duplicates', {});
        say('message.duplicate', outcome.message);
        break;
      case 'conflict':
      case 'unavailable':
        metrics.count('refused', { result: outcome.kind });
        say(`message.${outcome.kind}`, outcome.message);
        break;
      case 'invalid':
      case 'forbidden':
        metrics.count('refused', { result: outcome.kind });
    }
  }

  const onStoreError = (): void => metrics.count('storeErrors', { part: 'api' });
  return {
    onAccept(outcomes) {
      for (const outcome of outcomes) observe(outcome);
      if (outcomes.some(({ kind }) => kind === 'unavailable')) onStoreError();
    },
    onStoreError,
    onError: (error) => lines.say('request.failed', errorFields(error)),
  };
}
