/**
 * The messages of PostgreSQL's protocol 3 (PostgreSQL 18 manual, chapter 54.7): what may pass, when, and in what size. A
 * type that is not in these tables does not pass, and neither does one in a state that its row does not name: replication
 * and copies in both directions have no state at all. docs/protocols/postgres.md is made from them.
 */
export interface MessageRule<State extends string = string> {
  readonly name: string;
  /** The longest message of this type that passes, header included, in bytes. */
  readonly limit: number;
  /** Whether long ones are passed on in pieces; all others are held until they are whole. */
  readonly streams?: true;
  /** The states in which it passes. */
  readonly when: readonly State[];
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** What one statement's text may be long; a parser that meets more is a target for exhaustion. */
const statementLimit = 8 * mebibyte;

/** What carries rows may be as large as PostgreSQL allows (1 GiB); it is streamed, not held. */
const rowLimit = 0x4000_0000;

/** What a client may be in the middle of, in words that follow "does not pass". */
export const requestStates = {
  'start-up': 'before the session is open',
  ready: 'between batches',
  batch: 'within a batch',
  'copy in': 'while the target waits for copy data',
  goodbye: 'behind Terminate',
} as const;
export type RequestState = keyof typeof requestStates;

const whenOpen = ['ready', 'batch'] as const;
const always = ['ready', 'batch', 'copy in'] as const;

export const requestMessages = {
  Q: { name: 'Query', limit: statementLimit, when: whenOpen },
  P: { name: 'Parse', limit: statementLimit, when: whenOpen },
  B: { name: 'Bind', limit: 64 * mebibyte, when: whenOpen },
  D: { name: 'Describe', limit: kibibyte, when: whenOpen },
  E: { name: 'Execute', limit: kibibyte, when: whenOpen },
  C: { name: 'Close', limit: kibibyte, when: whenOpen },
  H: { name: 'Flush', limit: 5, when: always },
  S: { name: 'Sync', limit: 5, when: always },
  F: { name: 'FunctionCall', limit: 64 * mebibyte, when: whenOpen },
  d: { name: 'CopyData', limit: rowLimit, streams: true, when: always },
  c: { name: 'CopyDone', limit: 5, when: always },
  f: { name: 'CopyFail', limit: 64 * kibibyte, when: always },
  X: { name: 'Terminate', limit: 5, when: always },
  p: { name: 'PasswordMessage', limit: 64 * kibibyte, when: ['start-up'] },
} as const satisfies Record<string, MessageRule<RequestState>>;

/** What the target's next message is about, in words that follow "came". */
export const replyStates = {
  'start-up': 'during the start-up',
  nothing: 'although nothing was asked',
  query: 'in answer to a query',
  'copy in': 'in the middle of a copy to the target',
  'copy out': 'in the middle of a copy from the target',
  parse: 'in answer to Parse',
  bind: 'in answer to Bind',
  'describe-statement': 'in answer to Describe of a statement',
  'describe-portal': 'in answer to Describe of a portal',
  execute: 'in answer to Execute',
  close: 'in answer to Close',
  sync: 'in answer to Sync',
  call: 'in answer to FunctionCall',
  refused: 'in place of the error that was asked for',
  question: 'in answer to what Chaperone asks by itself',
} as const;
export type ReplyState = keyof typeof replyStates;

const anyTime = (Object.keys(replyStates) as ReplyState[]).filter((state) => state !== 'start-up');
const running = ['query', 'execute'] as const;

export const replyMessages = {
  '1': { name: 'ParseComplete', limit: 5, when: ['parse', 'question'] },
  '2': { name: 'BindComplete', limit: 5, when: ['bind', 'question'] },
  '3': { name: 'CloseComplete', limit: 5, when: ['close', 'question'] },
  A: { name: 'NotificationResponse', limit: 64 * kibibyte, when: anyTime },
  C: { name: 'CommandComplete', limit: kibibyte, when: [...running, 'copy in', 'question'] },
  D: { name: 'DataRow', limit: rowLimit, streams: true, when: [...running, 'question'] },
  E: { name: 'ErrorResponse', limit: mebibyte, when: ['start-up', ...anyTime] },
  G: { name: 'CopyInResponse', limit: 64 * kibibyte, when: running },
  H: { name: 'CopyOutResponse', limit: 64 * kibibyte, when: running },
  I: { name: 'EmptyQueryResponse', limit: 5, when: running },
  K: { name: 'BackendKeyData', limit: kibibyte, when: ['start-up'] },
  N: { name: 'NoticeResponse', limit: mebibyte, when: ['start-up', ...anyTime] },
  R: { name: 'Authentication', limit: 64 * kibibyte, when: ['start-up'] },
  S: { name: 'ParameterStatus', limit: 64 * kibibyte, when: ['start-up', ...anyTime] },
  T: { name: 'RowDescription', limit: mebibyte, when: ['query', 'describe-statement', 'describe-portal'] },
  V: { name: 'FunctionCallResponse', limit: rowLimit, streams: true, when: ['call'] },
  Z: { name: 'ReadyForQuery', limit: 6, when: ['start-up', 'query', 'sync', 'call'] },
  c: { name: 'CopyDone', limit: 5, when: ['copy out'] },
  d: { name: 'CopyData', limit: rowLimit, streams: true, when: ['copy out'] },
  n: { name: 'NoData', limit: 5, when: ['describe-statement', 'describe-portal'] },
  s: { name: 'PortalSuspended', limit: 5, when: ['execute'] },
  t: { name: 'ParameterDescription', limit: 512 * kibibyte, when: ['describe-statement'] },
  v: { name: 'NegotiateProtocolVersion', limit: 64 * kibibyte, when: ['start-up'] },
} as const satisfies Record<string, MessageRule<ReplyState>>;

export type RequestType = keyof typeof requestMessages;

/** By type byte. Made once: a new string for each message is looked up among all strings first (measured: 2 % of the time). */
export const requestLetters = Array.from({ length: 256 }, (_, type) => String.fromCharCode(type) as RequestType);

/** The rule by type byte, for the hot path: an array look-up. */
export function rulesByByte(table: Readonly<Record<string, MessageRule>>): readonly (MessageRule | undefined)[] {
  const rules = Array.from<MessageRule | undefined>({ length: 256 });
  for (const [type, rule] of Object.entries(table)) rules[type.charCodeAt(0)] = rule;
  return rules;
}

/** Which types pass in each state, by type byte: 1 where one does. */
export function passingIn<State extends string>(
  table: Readonly<Record<string, MessageRule<State>>>,
  states: Readonly<Record<State, string>>,
): Readonly<Record<State, Uint8Array>> {
  const passing = (state: string) => {
    const types = new Uint8Array(256);
    for (const [type, { when }] of Object.entries<MessageRule>(table)) if (when.includes(state)) types[type.charCodeAt(0)] = 1;
    return types;
  };
  return Object.fromEntries(Object.keys(states).map((state) => [state, passing(state)])) as Record<State, Uint8Array>;
}

/** One message: type byte, length that counts itself, body. */
export function encodeMessage(type: string, ...body: readonly Buffer[]): Buffer {
  const content = Buffer.concat(body);
  const header = Buffer.alloc(5);
  header.write(type, 0, 'latin1');
  header.writeUInt32BE(content.length + 4, 1);
  return Buffer.concat([header, content]);
}

export function cstring(text: string): Buffer {
  return Buffer.from(`${text.replaceAll('\0', '')}\0`, 'utf8');
}

/** Fields of an ErrorResponse or NoticeResponse (chapter 54.8) that readers ask for, by their letter. */
export const fieldNames = {
  S: 'severity',
  C: 'code',
  M: 'message',
  D: 'detail',
  H: 'hint',
  P: 'position',
  W: 'where',
  s: 'schema',
  t: 'table',
  c: 'column',
  n: 'constraint',
} as const;

export type FieldName = (typeof fieldNames)[keyof typeof fieldNames];
export type Fields = { readonly [name in FieldName]?: string };

/** Reads an ErrorResponse's or NoticeResponse's body; what is malformed at its end is left out. */
export function parseFields(body: Buffer): Fields {
  const fields: Partial<Record<FieldName, string>> = {};
  let at = 0;
  while (at < body.length && body[at] !== 0) {
    const letter = String.fromCharCode(body[at] ?? 0);
    const end = body.indexOf(0, at + 1);
    if (end === -1) break;
    if (letter in fieldNames) fields[fieldNames[letter as keyof typeof fieldNames]] = body.toString('utf8', at + 1, end);
    at = end + 1;
  }
  return fields;
}

export interface ErrorWords {
  readonly severity: 'ERROR' | 'FATAL' | 'NOTICE';
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** An ErrorResponse, or with severity NOTICE a NoticeResponse, in Chaperone's own words. */
export function encodeError(words: ErrorWords): Buffer {
  const field = (letter: string, text: string | undefined) =>
    text ? Buffer.concat([Buffer.from(letter, 'latin1'), cstring(text)]) : Buffer.alloc(0);
  return encodeMessage(
    words.severity === 'NOTICE' ? 'N' : 'E',
    field('S', words.severity),
    field('V', words.severity),
    field('C', words.code),
    field('M', words.message),
    field('D', words.detail),
    field('H', words.hint),
    Buffer.alloc(1),
  );
}
