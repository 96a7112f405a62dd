import type { Direction } from '../../../core/entry.ts';
import type { Field } from '../../../core/web.ts';
import type { WireMessage } from '../../../../test/rig/wire-messages.ts';
import { FrameReader, letter, readHead } from '../framing.ts';

/** What the record does not have of them: what frames the message, what is the connection's, and the gateway's credential. */
const unrecorded: ReadonlySet<string> = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding', 'authorization']);

/** One text for each message, the same for the wire and the record. */
export function spelled(direction: Direction, messages: readonly WireMessage[]): Buffer {
  const texts = messages.map(({ line, fields, body }) => {
    const first = direction === 'request' ? line.replace(/ HTTP\/1\.1$/, '') : line.replace(/^HTTP\/1\.1 /, '').trimEnd();
    const shown = fields.filter(([name]) => !unrecorded.has(name)).map(([name, value]) => `${name}: ${value}\n`);
    return `${first}\n${shown.join('')}\n${body.toString('latin1')}\n`;
  });
  return Buffer.from(texts.join(''), 'latin1');
}

/** The messages of recorded frames. */
export function keptMessages(bytes: Buffer): WireMessage[] {
  const messages: { line: string; fields: readonly Field[]; body: Buffer }[] = [];
  new FrameReader((kind, payload) => {
    const last = messages.at(-1);
    if (kind === letter.request || kind === letter.reply) messages.push({ ...readHead(payload), body: Buffer.alloc(0) });
    else if (kind === letter.body && last !== undefined) last.body = Buffer.concat([last.body, payload]);
  }).read(bytes);
  return messages.map((message) => ({ ...message, line: message.line.trimEnd() }));
}
