import { type Duplex, duplexPair } from 'node:stream';
import { messageOf } from '../../core/errors.ts';
import type { ProbeAnswer } from '../../core/probe.ts';
import type { Probe } from '../../core/protocol.ts';
import { ByteSource } from '../../wire/byte-source.ts';
import { PostgresGreeting } from './client.ts';
import { cstring, encodeMessage, parseFields } from './messages.ts';
import type { Settings } from './settings.ts';

const patienceMs = 60_000;
const longestMessage = 64 * 1024;

/** A client within the gateway, which asks for a constant and leaves. */
export function probe(connection: string): Probe<Settings> {
  const [near, far] = duplexPair();
  for (const end of [near, far]) end.on('error', () => {});
  const parameters = new Map([
    ['application_name', 'chaperone test'],
    ['client_encoding', 'UTF8'],
  ]);
  const startup = {
    kind: 'startup',
    user: 'chaperone',
    database: connection,
    parameters,
    bearer: false,
    minor: 0,
    unsupportedOptions: [],
  } as const;
  return { greeting: new PostgresGreeting(far, Buffer.alloc(0), startup, ''), answered: converse(near) };
}

async function converse(line: Duplex): Promise<ProbeAnswer> {
  const source = new ByteSource(line, patienceMs);
  try {
    const greeted = await untilReady(source);
    if (greeted.complaint !== null) return { kind: 'refused', says: greeted.complaint };
    line.write(encodeMessage('Q', cstring('select 1')));
    const { complaint, tag } = await untilReady(source);
    line.write(encodeMessage('X'));
    return complaint === null ? { kind: 'answered', says: tag } : { kind: 'refused', says: complaint };
  } catch (fault) {
    return { kind: 'refused', says: messageOf(fault) };
  } finally {
    source.release();
    line.resume();
    line.end();
  }
}

/** Reads up to where the other side waits, or has said its last. */
async function untilReady(source: ByteSource): Promise<{ readonly complaint: string | null; readonly tag: string }> {
  let complaint: string | null = null;
  for (let tag = ''; ; ) {
    const head = await source.take(5).catch((fault: unknown) => ended(fault, complaint));
    if (head === null) return { complaint, tag };
    const length = head.readUInt32BE(1) - 4;
    if (length < 0 || length > longestMessage) throw new RangeError(`a message of ${length} bytes`);
    const body = await source.take(length);
    const type = head.toString('latin1', 0, 1);
    if (type === 'E') complaint ??= parseFields(body).message ?? 'without a reason';
    if (type === 'C') tag = body.toString('utf8', 0, body.length - 1);
    if (type === 'Z') return { complaint, tag };
  }
}

/** What was said last counts, and not that nothing came behind it. */
function ended(fault: unknown, complaint: string | null): null {
  if (complaint === null) throw fault;
  return null;
}
