import type { Direction } from '../../../core/entry.ts';
import type { Field } from '../../../core/web.ts';
import { cutMessages } from '../../../../test/rig/wire-messages.ts';
import { frameKinds, FrameReader } from '../framing.ts';

/** A message of git's, on the wire or on record. */
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
  return spelled(messagesIn(bytes));
}

/** The messages that crossed one connection, with their first lines as the record has them. */
export function messagesIn(bytes: Buffer): Message[] {
  return cutMessages(bytes).map(({ line, fields, body }) => ({
    line: line
      .replace(/ HTTP\/1\.1$/, '')
      .replace(repository, '')
      .replace(/^HTTP\/1\.1 (\d+).*/, '$1'),
    fields,
    body,
  }));
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
