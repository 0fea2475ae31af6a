/** Pieces of SQL that the named queries share: what makes a visit, which event is later. */

/** Actions in the order in which a visit goes through them. */
const STEP = "CASE action WHEN 'submit' THEN 1 WHEN 'not-pass-qc' THEN 2 WHEN 'pass-qc' THEN 3 ELSE 4 END";

/**
 * A total order: of events at the same microsecond the one that is further on in a visit's life is the later one, then
 * the other columns decide. Only identical events are left, of which it does not matter which one comes first.
 */
const ORDER: readonly (readonly [column: string, nullable: boolean])[] = [
  ['"timestamp"', false],
  [STEP, false],
  ['action', false],
  ['project_label', false],
  ['center_label', false],
  ['gear_name', false],
  ['visit_number', true],
  ['packet', true],
];

const FRAGMENT_TEXTS = {
  /** What tells visits apart. Its number and its packet may come late, and change: they do not. */
  visit: 'study, pipeline_adcid, ptid, visit_date, datatype, module',
  oldest_first: ORDER.map(([column, nullable]) => `${column}${nullable ? ' NULLS FIRST' : ''}`).join(', '),
  newest_first: ORDER.map(([column, nullable]) => `${column} DESC${nullable ? ' NULLS LAST' : ''}`).join(', '),
  /** What tells messages apart. */
  message: 'sender_id, message_id, message_timestamp',
};

export const FRAGMENTS: Readonly<Record<string, string>> = FRAGMENT_TEXTS;
