/*
 * A line of a recording as the page reads it. Lines are hostile and may come from a gateway of another version: what is not
 * understood is shown as a line that is not understood, never dropped.
 */

import { nextTurn } from '../api/text-lines.ts';

export type Cell = string | null;
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export type Part =
  | { readonly shape: 'rows'; readonly columns: readonly string[]; readonly rows: readonly (readonly Cell[])[] }
  | { readonly shape: 'document'; readonly mediaType: string; readonly value: Json }
  | { readonly shape: 'text'; readonly text: string }
  | TerminalEvent
  | { readonly shape: 'bytes'; readonly count: number; readonly base64: string | null }
  | { readonly shape: 'mark'; readonly name: string; readonly detail: { readonly [name: string]: Json } };

/** What a terminal's program wrote, what was typed into it, or how large it became. */
export type TerminalEvent =
  | { readonly shape: 'terminal'; readonly event: 'output' | 'input'; readonly text: string }
  | { readonly shape: 'terminal'; readonly event: 'resize'; readonly columns: number; readonly rows: number };

export type Direction = 'request' | 'reply';

export interface Decision {
  readonly verdict: 'permitted' | 'approved' | 'refused' | 'denied' | 'expired';
  readonly code: string | null;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly policies: readonly string[];
  readonly approval: string | null;
}

export interface Outcome {
  readonly status: string;
  readonly rows: number | null;
  readonly tag: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface MaskedCount {
  readonly rule: string;
  readonly column: string | null;
  readonly detector: string | null;
  readonly count: number;
}

export interface RecordedAction {
  readonly name: string;
  readonly effect: string;
  readonly text: string;
  readonly objects: readonly { readonly type: string; readonly name: string }[];
}

export type Line = { readonly sequence: number; readonly at: number; readonly exchange: number } & (
  | { readonly kind: 'session' }
  | { readonly kind: 'exchange'; readonly action: RecordedAction }
  | { readonly kind: 'decision'; readonly decision: Decision }
  | { readonly kind: 'bytes'; readonly direction: Direction; readonly parts: readonly Part[] }
  | { readonly kind: 'withheld'; readonly direction: Direction; readonly count: number; readonly sha256: string }
  | { readonly kind: 'masked'; readonly masked: readonly MaskedCount[] }
  /** An original is sealed here, or the key to those of the session; nobody can read either in a console. */
  | { readonly kind: 'sealed' }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  | { readonly kind: 'gap'; readonly direction: Direction; readonly count: number; readonly reason: string }
  | { readonly kind: 'end'; readonly status: string; readonly reason: string }
  /** What this version of the console does not understand, as it came. */
  | { readonly kind: 'strange'; readonly text: string }
);

type Fields = { readonly [name: string]: unknown };

/** One line of NDJSON. A text that is not JSON is a fault of the transport, and throws. */
export function readLine(text: string): Line {
  return lineOf(JSON.parse(text), text);
}

/**
 * The same in turns. The gateway puts a tab before the rows of a long answer, between some of them and behind them, and JSON has none in its
 * texts: what stands before and behind is the line without those rows.
 */
export async function readLongLine(text: string): Promise<Line> {
  const pieces = text.split('\t');
  if (pieces.length === 1) return readLine(text);
  let frame = pieces[0] ?? '';
  const answers: unknown[][] = [];
  let rows: unknown[] | null = null;
  for (const piece of pieces.slice(1)) {
    if (rows === null) rows = answers[answers.push([]) - 1] ?? [];
    else if (piece.startsWith(']')) {
      frame += `${answers.length - 1}${piece}`;
      rows = null;
      continue;
    }
    await nextTurn();
    for (const row of list(JSON.parse(`[${piece.endsWith(',') ? piece.slice(0, -1) : piece}]`))) rows.push(row);
  }
  await nextTurn();
  const value = fieldsOf(JSON.parse(frame));
  const parts = list(value['parts']).map((part) => {
    const [place] = list(fieldsOf(part)['rows']);
    return typeof place === 'number' ? { ...fieldsOf(part), rows: answers[place] } : part;
  });
  return lineOf({ ...value, parts }, text);
}

function lineOf(value: unknown, text: string): Line {
  const fields = fieldsOf(value);
  const head = { sequence: number(fields['sequence']), at: Date.parse(string(fields['at'])), exchange: number(fields['exchange']) };
  const body = Number.isNaN(head.at) ? null : bodyOf(fields);
  return body === null ? { ...head, at: Number.isNaN(head.at) ? 0 : head.at, kind: 'strange', text } : { ...head, ...body };
}

type Body = Line extends infer Each ? (Each extends Line ? Omit<Each, 'sequence' | 'at' | 'exchange'> : never) : never;

function bodyOf(fields: Fields): Body | null {
  const direction = fields['direction'] === 'request' ? 'request' : 'reply';
  switch (fields['kind']) {
    case 'session':
      return { kind: 'session' };
    case 'exchange':
      return { kind: 'exchange', action: actionOf(fieldsOf(fields['action'])) };
    case 'decision':
      return { kind: 'decision', decision: decisionOf(fieldsOf(fields['decision'])) };
    case 'bytes':
      return { kind: 'bytes', direction, parts: list(fields['parts']).map(partOf) };
    case 'withheld':
      return { kind: 'withheld', direction, count: number(fields['count']), sha256: string(fields['sha256']) };
    case 'masked':
      return { kind: 'masked', masked: list(fields['masked']).map((each) => maskedOf(fieldsOf(each))) };
    case 'key':
    case 'sealed':
      return { kind: 'sealed' };
    case 'outcome':
      return { kind: 'outcome', outcome: outcomeOf(fieldsOf(fields['outcome'])) };
    case 'gap':
      return { kind: 'gap', direction, count: number(fields['count']), reason: string(fields['reason']) };
    case 'end': {
      const end = fieldsOf(fields['end']);
      return { kind: 'end', status: string(end['status']), reason: string(end['reason']) };
    }
    default:
      return null;
  }
}

function actionOf(action: Fields): RecordedAction {
  const objects = list(action['objects']).map((each) => ({ type: string(fieldsOf(each)['type']), name: string(fieldsOf(each)['name']) }));
  return { name: string(action['name']), effect: string(action['effect']), text: string(action['text']), objects };
}

const verdicts = ['permitted', 'approved', 'refused', 'denied', 'expired'] as const;

/** A verdict that is not known is none that lets anything pass. */
function decisionOf(decision: Fields): Decision {
  return {
    verdict: verdicts.find((verdict) => verdict === decision['verdict']) ?? 'refused',
    code: maybe(decision['code']),
    reason: maybe(decision['reason']),
    detail: maybe(decision['detail']),
    policies: list(fieldsOf(decision['grounds'])['policies']).map(string),
    approval: maybe(decision['approval']),
  };
}

function outcomeOf(outcome: Fields): Outcome {
  const error = outcome['error'] === null || outcome['error'] === undefined ? null : fieldsOf(outcome['error']);
  return {
    status: string(outcome['status']),
    rows: typeof outcome['rows'] === 'number' ? outcome['rows'] : null,
    tag: maybe(outcome['tag']),
    error: error === null ? null : { code: string(error['code']), message: string(error['message']) },
  };
}

function maskedOf(masked: Fields): MaskedCount {
  return {
    rule: string(masked['rule']),
    column: maybe(masked['column']),
    detector: maybe(masked['detector']),
    count: number(masked['count']),
  };
}

function partOf(value: unknown): Part {
  const part = fieldsOf(value);
  switch (part['shape']) {
    case 'rows':
      return { shape: 'rows', columns: list(part['columns']).map(string), rows: rowsOf(part['rows']) };
    case 'document':
      // What JSON.parse made is JSON.
      return { shape: 'document', mediaType: string(part['mediaType']), value: (part['value'] ?? null) as Json };
    case 'text':
      return { shape: 'text', text: string(part['text']) };
    case 'terminal':
      return eventOf(part);
    case 'bytes':
      return { shape: 'bytes', count: number(part['count']), base64: maybe(part['base64']) };
    case 'mark':
      return { shape: 'mark', name: string(part['name']), detail: fieldsOf(part['detail']) as { readonly [name: string]: Json } };
    default:
      return { shape: 'text', text: JSON.stringify(value) };
  }
}

/** Rows as they came where all is as it should be: to copy 600,000 cells takes longer than to parse them. */
function rowsOf(value: unknown): readonly (readonly Cell[])[] {
  return isRows(value) ? value : list(value).map((row) => list(row).map(maybe));
}

function isRows(value: unknown): value is readonly (readonly Cell[])[] {
  return Array.isArray(value) && value.every((row) => Array.isArray(row) && row.every((cell) => typeof cell === 'string' || cell === null));
}

function eventOf(part: Fields): Part {
  const { event } = part;
  if (event === 'resize') return { shape: 'terminal', event, columns: number(part['columns']), rows: number(part['rows']) };
  if (event === 'input' || event === 'output') return { shape: 'terminal', event, text: string(part['text']) };
  return { shape: 'text', text: JSON.stringify(part) };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}

function maybe(value: unknown): string | null {
  return value === null || value === undefined ? null : string(value);
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
