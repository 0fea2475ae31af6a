/**
 * What an answer says about the messages of its request.
 */

/** How many messages of one request came to what. */
export interface AnswerCounts {
  readonly accepted: number;
  readonly duplicates: number;
  /** Refused messages by what was said of them: an HTTP status, or the result of an item. */
  readonly refused: ReadonlyMap<string, number>;
}

const NONE: ReadonlyMap<string, number> = new Map();
const isSuccess = (status: number) => status >= 200 && status <= 299;

/** A raw target: any 2xx takes the message. */
export function readRawAnswer(status: number): AnswerCounts {
  if (isSuccess(status)) return { accepted: 1, duplicates: 0, refused: NONE };
  return { accepted: 0, duplicates: 0, refused: new Map([[String(status), 1]]) };
}

/** `POST /message`: 202 accepted, 200 a duplicate. */
export function readSingleAnswer(status: number): AnswerCounts {
  return status === 200 ? { accepted: 0, duplicates: 1, refused: NONE } : readRawAnswer(status);
}

/**
 * `POST /messages`: one result per message. A status without results (400, 413, 503 …) is said of all of them; so is
 * a 2xx whose body holds another number of results than messages were sent, as `unreadable`.
 */
export function readBatchAnswer(status: number, body: string, messages: number): AnswerCounts {
  const results = readResults(body);
  if (results?.length !== messages) {
    const said = isSuccess(status) ? 'unreadable' : String(status);
    return { accepted: 0, duplicates: 0, refused: new Map([[said, messages]]) };
  }
  let accepted = 0;
  let duplicates = 0;
  const refused = new Map<string, number>();
  for (const result of results) {
    if (result === 'accepted') accepted += 1;
    else if (result === 'duplicate') duplicates += 1;
    else refused.set(result, (refused.get(result) ?? 0) + 1);
  }
  return { accepted, duplicates, refused };
}

/** The `result` of every item, or undefined when the text is not an answer with results. */
function readResults(body: string): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('results' in value) || !Array.isArray(value.results)) {
    return undefined;
  }
  return value.results.map((item: unknown) =>
    typeof item === 'object' && item !== null && 'result' in item ? String(item.result) : 'unreadable',
  );
}
