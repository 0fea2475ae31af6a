/** What Millrace promises, by the names under which a history that breaks it is reported. */

export const INVARIANTS = {
  kept: 'nothing that was accepted is lost',
  reachable: 'what waits has an entry that will bring it about',
  ends: 'every message ends, and so does all work',
  acceptedOnce: 'a message is accepted once',
  conflict: 'a conflict is told, and changes nothing',
  oneAttempt: 'one attempt runs at a time, while its lease holds',
  claimed: 'every request has a claim of its own',
  plan: 'no more requests than the plan has attempts',
  counted: 'each claim counts as an attempt',
  owner: 'a result counts under its claim only',
  delivered: 'delivered is delivered',
  truth: 'SUCCESS means that the target has said so',
  reason: 'a dead letter has its true reason',
  diagram: 'a status moves along the diagram only',
  rounds: 'rounds only grow, and a replay passes those under way',
  early: 'nothing is tried before its time',
  expired: 'what has expired is not requested',
  content: 'what arrives is what was accepted',
  told: 'people are told of every dead letter',
  replayable: 'a dead letter can be sent again',
  books: 'the books balance',
  reader: 'a reader sees what the store holds',
  admitted: 'every request was let through by a gate',
  givenUp: 'a target that is given up is left alone',
  oneProbe: 'one probe is under way at a time, while its lease holds',
  unstuck: 'no circuit is open for ever',
  ownTarget: 'nothing waits for, or ends by, what is known of other targets and of other senders',
  asked: 'nothing is held that its target has not asked for',
  crash: 'nothing fails that nobody has foreseen',
} as const;

type InvariantName = keyof typeof INVARIANTS;

/** A promise that is broken, and how; undefined: none is. */
export type Broken = readonly [name: InvariantName, detail: string] | undefined;
