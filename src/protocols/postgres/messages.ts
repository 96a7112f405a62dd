/**
 * The messages of PostgreSQL's protocol 3 (PostgreSQL 18 manual, chapter 54.7): what may pass, and in what size. A type
 * that is not in these tables does not pass.
 */
export interface MessageRule {
  readonly name: string;
  /** The longest message of this type that passes, header included, in bytes. */
  readonly limit: number;
  /** Whether long ones are passed on in pieces; all others are held until they are whole. */
  readonly streams?: true;
  /** Why a known message is refused; absent where it passes. */
  readonly refused?: string;
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** What one statement's text may be long; a parser that meets more is a target for exhaustion. */
const statementLimit = 8 * mebibyte;

/** What carries rows may be as large as PostgreSQL allows (1 GiB); it is streamed, not held. */
const rowLimit = 0x4000_0000;

export const requestMessages = {
  Q: { name: 'Query', limit: statementLimit },
  P: { name: 'Parse', limit: statementLimit },
  B: { name: 'Bind', limit: 64 * mebibyte },
  D: { name: 'Describe', limit: kibibyte },
  E: { name: 'Execute', limit: kibibyte },
  C: { name: 'Close', limit: kibibyte },
  H: { name: 'Flush', limit: 5 },
  S: { name: 'Sync', limit: 5 },
  d: { name: 'CopyData', limit: rowLimit, streams: true },
  c: { name: 'CopyDone', limit: 5 },
  f: { name: 'CopyFail', limit: 64 * kibibyte },
  X: { name: 'Terminate', limit: 5 },
  F: {
    name: 'FunctionCall',
    limit: 64 * kibibyte,
    refused: 'the function call sub-protocol has no statement to judge; write SELECT function(…)',
  },
  p: { name: 'PasswordMessage', limit: 64 * kibibyte, refused: 'authentication is over' },
} as const satisfies Record<string, MessageRule>;

export const replyMessages = {
  '1': { name: 'ParseComplete', limit: 5 },
  '2': { name: 'BindComplete', limit: 5 },
  '3': { name: 'CloseComplete', limit: 5 },
  A: { name: 'NotificationResponse', limit: 64 * kibibyte },
  C: { name: 'CommandComplete', limit: kibibyte },
  D: { name: 'DataRow', limit: rowLimit, streams: true },
  E: { name: 'ErrorResponse', limit: mebibyte },
  G: { name: 'CopyInResponse', limit: 64 * kibibyte },
  H: { name: 'CopyOutResponse', limit: 64 * kibibyte },
  I: { name: 'EmptyQueryResponse', limit: 5 },
  N: { name: 'NoticeResponse', limit: mebibyte },
  S: { name: 'ParameterStatus', limit: 64 * kibibyte },
  T: { name: 'RowDescription', limit: mebibyte },
  Z: { name: 'ReadyForQuery', limit: 6 },
  c: { name: 'CopyDone', limit: 5 },
  d: { name: 'CopyData', limit: rowLimit, streams: true },
  n: { name: 'NoData', limit: 5 },
  s: { name: 'PortalSuspended', limit: 5 },
  t: { name: 'ParameterDescription', limit: 512 * kibibyte },
} as const satisfies Record<string, MessageRule>;

export type RequestType = keyof typeof requestMessages;

/** The rule by type byte, for the hot path: an array look-up. */
export function rulesByByte(table: Readonly<Record<string, MessageRule>>): readonly (MessageRule | undefined)[] {
  const rules = Array.from<MessageRule | undefined>({ length: 256 });
  for (const [type, rule] of Object.entries(table)) rules[type.charCodeAt(0)] = rule;
  return rules;
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
