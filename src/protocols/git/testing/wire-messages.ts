import type { Direction } from '../../../core/entry.ts';
import type { Field } from '../../../core/web.ts';
import { frameKinds, FrameReader } from '../framing.ts';

/** A message of HTTP/1.1 as it stood on the wire, without what frames it. */
export interface Message {
  readonly line: string;
  readonly fields: readonly Field[];
  body: Buffer;
}

/** What the record does not have: what frames the message, what is the hop's, and the gateway's credential. */
const unrecorded: ReadonlySet<string> = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding', 'authorization', 'date']);
const repository = '/team/web-app.git';

/** One text for each message that crossed a connection in HTTP/1.1, sorted: several connections carry them side by side. */
export function crossed(bytes: Buffer): Buffer {
  return spelled(cutMessages(bytes));
}

/** Cuts what crossed one connection into its messages; the last may be cut off. */
export function cutMessages(bytes: Buffer): Message[] {
  const messages: Message[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) break;
    const [line = '', ...lines] = rest.toString('latin1', 0, end).split('\r\n');
    const fields = lines.map((text): Field => [text.slice(0, text.indexOf(':')).toLowerCase(), text.slice(text.indexOf(':') + 1).trim()]);
    const value = (name: string) => fields.find(([own]) => own === name)?.[1];
    rest = rest.subarray(end + 4);
    if (line.startsWith('HTTP/1.1 1')) continue;
    const length = Number(value('content-length') ?? 0);
    const { body, after } = value('transfer-encoding') === 'chunked' ? unchunked(rest) : { body: rest.subarray(0, length), after: length };
    messages.push({
      line: line
        .replace(/ HTTP\/1\.1$/, '')
        .replace(repository, '')
        .replace(/^HTTP\/1\.1 (\d+).*/, '$1'),
      fields,
      body,
    });
    rest = rest.subarray(after);
  }
  return messages;
}

function unchunked(bytes: Buffer): { readonly body: Buffer; readonly after: number } {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return { body: Buffer.concat(pieces), after: bytes.length };
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    at = lineEnd + 2;
    if (size === 0) return { body: Buffer.concat(pieces), after: at + 2 };
    pieces.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
}

interface Head {
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly headers?: readonly Field[];
}

/** The same of recorded bytes. What the gateway found out, and how long answers to itself were, has crossed nowhere. */
export function kept(direction: Direction, bytes: Buffer): Buffer {
  return spelled(keptMessages(direction, bytes));
}

export function keptMessages(direction: Direction, bytes: Buffer): Message[] {
  const messages: Message[] = [];
  for (const { kind, bytes: content } of new FrameReader().feed(bytes)) {
    const last = messages.at(-1);
    if (kind === frameKinds.body && last !== undefined) last.body = Buffer.concat([last.body, content]);
    if (kind !== frameKinds.head && (kind !== frameKinds.own || direction === 'reply')) continue;
    const { method, path, status, headers = [] } = JSON.parse(content.toString()) as Head;
    messages.push({ line: direction === 'request' ? `${method} ${path}` : String(status), fields: headers, body: Buffer.alloc(0) });
  }
  return messages;
}

function spelled(messages: readonly Message[]): Buffer {
  const texts = messages.map(({ line, fields, body }) => {
    const shown = fields.filter(([name]) => !unrecorded.has(name)).map(([name, value]) => `${name}: ${value}\n`);
    return `${line}\n${shown.join('')}\n${body.toString('latin1')}\n`;
  });
  return Buffer.from(texts.toSorted().join(''), 'latin1');
}
