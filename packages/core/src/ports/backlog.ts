/** How many messages wait, by sender: what limits on a backlog are held against. */

import type { Senders } from '../domain/api-key.ts';

export interface Backlog {
  /**
   * Messages of these senders that have not ended, together; the time it takes grows with the senders, not with what
   * waits. What was accepted and answered before the call is in it.
   *
   * @throws StoreUnavailableError
   */
  waiting(senders: Senders): Promise<number>;
}
