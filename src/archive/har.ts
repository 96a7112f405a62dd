import type { Json, JsonObject } from '../core/json.ts';
import type { Part } from '../core/part.ts';
import type { RecordingLine } from './decoded.ts';

/*
 * A recording as an HTTP Archive 1.2 (http://www.softwareishard.com/blog/har-12-spec/), which browsers' developer tools open. Made of
 * what a decoder says of requests and replies by the marks `request` and `reply`; exchanges without them are not in it.
 */

type Fields = readonly (readonly [name: string, value: string])[];

/** One exchange, as far as its lines have come. */
interface Pending {
  readonly startedAt: string;
  readonly host: string;
  request: JsonObject | null;
  reply: JsonObject | null;
  asked: Part[];
  answered: Part[];
  askedBytes: number;
  repliedAt: string | null;
}

/** The archive's text in pieces, an exchange each, so that a long session needs no more memory than its largest one. */
export async function* harText(lines: AsyncIterable<RecordingLine>): AsyncGenerator<string> {
  const pending = new Map<number, Pending>();
  // Not before the first line: where there is none to be had, nothing has been said yet.
  let separator = '{"log":{"version":"1.2","creator":{"name":"Chaperone","version":"1"},"entries":[\n';
  let entries = 0;
  for await (const line of lines) {
    const known = pending.get(line.exchange);
    if (line.kind === 'exchange') pending.set(line.exchange, begun(line));
    else if (known !== undefined && line.kind === 'bytes') note(known, line);
    else if (known !== undefined && line.kind === 'outcome') {
      pending.delete(line.exchange);
      if (known.request === null) continue;
      yield `${separator}${JSON.stringify(entryOf(known, line.at))}`;
      separator = ',\n';
      entries += 1;
    }
  }
  yield `${entries === 0 ? separator : ''}\n]}}\n`;
}

function begun({ at, action }: Extract<RecordingLine, { kind: 'exchange' }>): Pending {
  const host = action.facts['host'];
  const place = typeof host === 'string' && host !== '' ? host : 'target.invalid';
  return { startedAt: at, host: place, request: null, reply: null, asked: [], answered: [], askedBytes: 0, repliedAt: null };
}

function note(pending: Pending, { direction, parts, at, count }: Extract<RecordingLine, { kind: 'bytes' }>): void {
  const asked = direction === 'request';
  if (asked) pending.askedBytes += count;
  else pending.repliedAt ??= at;
  for (const part of parts) {
    if (part.shape === 'mark' && part.name === 'request') {
      // What stands before it was found out about the request, and is none of its body.
      if (pending.request === null) pending.asked.length = 0;
      pending.request ??= part.detail;
    } else if (part.shape === 'mark' && part.name === 'reply') pending.reply ??= part.detail;
    else (asked ? pending.asked : pending.answered).push(part);
  }
}

function entryOf(pending: Pending, endedAt: string): JsonObject {
  const { startedAt, repliedAt } = pending;
  const wait = millisecondsBetween(startedAt, repliedAt ?? endedAt);
  const receive = millisecondsBetween(repliedAt ?? endedAt, endedAt);
  return {
    startedDateTime: startedAt,
    time: wait + receive,
    request: requestOf(pending),
    response: responseOf(pending),
    cache: {},
    timings: { send: 0, wait, receive },
    ...messagesOf(pending, startedAt),
  };
}

function millisecondsBetween(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}

function requestOf({ request, host, asked }: Pending): JsonObject {
  const fields = fieldsOf(request);
  const url = `https://${host}${wordOf(request, 'target')}`;
  const mimeType = valueOf(fields, 'content-type');
  const { text, base64, size } = contentOf(asked);
  return {
    method: wordOf(request, 'method'),
    url,
    httpVersion: 'HTTP/1.1',
    cookies: [],
    headers: headersOf(fields),
    queryString: [...(URL.parse(url)?.searchParams ?? [])].map(([name, value]) => ({ name, value })),
    ...(text === ''
      ? {}
      : { postData: { mimeType, text, params: [], ...(base64 ? { encoding: 'base64', comment: 'text is base64' } : {}) } }),
    headersSize: -1,
    bodySize: size,
  };
}

function responseOf({ reply, answered }: Pending): JsonObject {
  const fields = fieldsOf(reply);
  const { text, base64, size } = contentOf(answered);
  return {
    status: Number(reply?.['status'] ?? 0),
    statusText: wordOf(reply, 'reason'),
    httpVersion: 'HTTP/1.1',
    cookies: [],
    headers: headersOf(fields),
    content: { size, mimeType: valueOf(fields, 'content-type'), text, ...(base64 ? { encoding: 'base64' } : {}) },
    redirectURL: valueOf(fields, 'location'),
    headersSize: -1,
    bodySize: size,
  };
}

/** What Chrome's tools have for WebSockets, which HAR itself does not know. */
function messagesOf({ asked, answered }: Pending, at: string): JsonObject {
  const time = Date.parse(at) / 1000;
  const messages = [...messagesIn(asked, 'send', time), ...messagesIn(answered, 'receive', time)];
  return messages.length === 0 ? {} : { _resourceType: 'websocket', _webSocketMessages: messages };
}

function messagesIn(parts: readonly Part[], type: string, time: number): JsonObject[] {
  // Where its messages are read as a terminal's or as streams, what stands there by itself was one.
  const isRead = parts.some((part) => part.shape === 'terminal' || (part.shape === 'mark' && part.name === 'stream'));
  return parts.flatMap((part, index) => {
    if (part.shape === 'terminal') return [{ type, time, opcode: 1, data: typed(part) }];
    if (part.shape !== 'mark') return isRead && !isMessage(parts[index - 1]) ? [spoken(part, type, time)] : [];
    if (!isMessage(part)) return [];
    const content = parts[index + 1];
    const kind = part.detail['kind'];
    const data = content?.shape === 'text' ? content.text : content?.shape === 'bytes' ? (content.base64 ?? '') : '';
    return [{ type, time, opcode: kind === 'text' ? 1 : kind === 'binary' ? 2 : 8, data }];
  });
}

function isMessage(part: Part | undefined): boolean {
  return part?.shape === 'mark' && part.name === 'message';
}

function spoken(part: Part, type: string, time: number): JsonObject {
  if (part.shape === 'bytes') return { type, time, opcode: 2, data: part.base64 ?? '' };
  return { type, time, opcode: 1, data: textOf(part) };
}

/** What was said to or by a terminal, without what its own protocol puts around it. */
function typed(part: Extract<Part, { shape: 'terminal' }>): string {
  return part.event === 'resize' ? JSON.stringify({ columns: part.columns, rows: part.rows }) : part.text;
}

interface Content {
  readonly text: string;
  readonly base64: boolean;
  readonly size: number;
}

/** A body as text, or as base64 where any of it is none. Messages are no body; trailers stand behind one. */
function contentOf(all: readonly Part[]): Content {
  const parts = all.filter((part) => part.shape !== 'mark' || part.name !== 'trailers');
  if (parts.some(({ shape }) => shape === 'mark')) return { text: '', base64: false, size: 0 };
  if (parts.some(({ shape }) => shape === 'bytes')) {
    const pieces = parts.map((part) =>
      part.shape === 'bytes' ? Buffer.from(part.base64 ?? '', 'base64') : Buffer.from(textOf(part), 'utf8'),
    );
    const bytes = Buffer.concat(pieces);
    return { text: bytes.toString('base64'), base64: true, size: bytes.length };
  }
  const text = parts.map(textOf).join('');
  return { text, base64: false, size: Buffer.byteLength(text) };
}

function textOf(part: Part): string {
  if (part.shape === 'text') return part.text;
  return part.shape === 'document' ? JSON.stringify(part.value) : '';
}

function fieldsOf(mark: JsonObject | null): Fields {
  const headers: Json = mark?.['headers'] ?? [];
  if (!Array.isArray(headers)) return [];
  return headers.flatMap((field: Json) => (Array.isArray(field) ? [[String(field[0]), String(field[1])] as const] : []));
}

function wordOf(mark: JsonObject | null, name: string): string {
  const word = mark?.[name];
  return typeof word === 'string' ? word : '';
}

function headersOf(fields: Fields): JsonObject[] {
  return fields.map(([name, value]) => ({ name, value }));
}

function valueOf(fields: Fields, name: string): string {
  return fields.find(([own]) => own === name)?.[1] ?? '';
}
