/**
 * Examples for the contract.
 */

export const message = {
  messageId: 'order-42',
  timestamp: '2026-11-22T10:00:00Z',
  senderId: 'billing',
  targetUrl: 'https://partner.example/hooks',
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"total":12.5}',
  retry: { maxAttempts: 3 },
};

export const accepted = { messageId: 'order-42', senderId: 'billing', status: 'QUEUED', duplicate: false };

export const repeated = { ...accepted, status: 'SUCCESS', duplicate: true };

export const batch = { messages: [message] };

export const batchLines = `${JSON.stringify(message)}\n`;

export const batchAccepted = {
  results: [{ index: 0, messageId: 'order-42', result: 'accepted', status: 'QUEUED' }],
};

const sha256 = '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae';

export const payload = { senderId: 'billing', sha256, size: 20_971_520 };

export const uploaded = { payloadId: `sha256-${sha256}` };

export const upload = {
  ...uploaded,
  uploadUrl: `http://127.0.0.1:8080/payloads/sha256-${sha256}?senderId=billing&size=20971520&expires=1795345200000&signature=x`,
  headers: { 'content-length': '20971520' },
  expiresAt: '2026-11-22T11:00:00.000Z',
};

const problem = {
  path: '$.timestamp',
  message: 'is not a date and time that exists',
  expected: 'an RFC 3339 date and time with an offset, such as 2026-11-22T10:00:00Z',
};

export const batchMixed = {
  results: [
    { index: 0, messageId: 'order-42', result: 'duplicate', status: 'SUCCESS' },
    { index: 1, messageId: 'order-43', result: 'invalid', problems: [{ ...problem, path: '$.messages[1].timestamp' }] },
  ],
};

export const invalid = {
  type: 'invalid',
  title: 'The request is not valid',
  status: 400,
  detail: '$.timestamp is not a date and time that exists',
  problems: [problem],
};

const messageView = {
  messageId: 'order-42',
  senderId: 'billing',
  timestamp: '2026-11-22T10:00:00Z',
  targetUrl: 'https://partner.example/hooks',
  status: 'RETRYING',
  attempts: 1,
  maxAttempts: 3,
  totalAttempts: 1,
  replays: 0,
  acceptedAt: '2026-11-22T10:00:00.120Z',
  updatedAt: '2026-11-22T10:00:00.480Z',
  expiresAt: '2026-11-25T10:00:00.120Z',
  nextAttemptAt: '2026-11-22T10:00:01.020Z',
  reason: null,
  lastError: { statusCode: 503, message: 'HTTP 503', at: '2026-11-22T10:00:00.480Z' },
};

export const messages = { messages: [messageView] };

export const messagePage = { messages: [messageView], cursor: null };

export const replay = { senderId: 'billing' };

export const replayed = { replayed: 1 };

export const replayQuery = { target: 'https://partner.example/', from: '2026-11-22T00:00:00Z', dryRun: true };

export const replayPage = { replayed: 0, remaining: 1_204, cursor: 'k3x9' };

export const rotation = { overlapSeconds: 86_400 };

/** Not of anyone: it is in the documentation of Standard Webhooks. */
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export const signingSecrets = {
  senderId: 'billing',
  secrets: [{ secret, createdAt: '2026-11-22T10:00:00.000Z', inForceUntil: null }],
};

export const target = { senderId: 'billing', target: 'https://partner.example' };

const targetView = {
  ...target,
  circuit: {
    state: 'open',
    since: '2026-11-22T10:00:00.480Z',
    until: '2026-11-22T10:00:33.012Z',
    requests: 14,
    failures: 11,
    why: 'HTTP 503',
  },
  hold: null,
};

export const heldTarget = {
  ...target,
  circuit: null,
  hold: { kind: 'manual', since: '2026-11-22T10:00:00.480Z', until: null, why: 'by an operator' },
};

export const targetPage = { targets: [targetView], cursor: null };

export const stats = { accepted: 10, succeeded: 7, failed: 1, waiting: 2, difference: 0 };

export const notReady = {
  type: 'unavailable',
  title: 'The request could not be carried out',
  status: 503,
  detail: 'database: database or disk is full',
  parts: [{ part: 'database', detail: 'database or disk is full' }],
};
