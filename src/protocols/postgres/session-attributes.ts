import { ByteReader } from '../../wire/byte-reader.ts';
import { cstring, encodeMessage } from './messages.ts';
import type { Settings } from './settings.ts';

/** A server that has opened a session. */
export interface Answers {
  /** Its ParameterStatus and NoticeResponse messages so far. */
  readonly announced: Buffer;
  /** Sends a query and resolves with the body of the first row of its answer; null where there is none. */
  ask(query: Buffer): Promise<Buffer | null>;
}

/**
 * Why a server will not do, or null. Servers report both settings from version 14 on; others are asked, as libpq asks them
 * (PostgreSQL 18 manual, section 34.1.2, target_session_attrs).
 */
export async function unsuitable(wanted: Settings['target']['targetSessionAttrs'], server: Answers): Promise<string | null> {
  if (wanted === 'any') return null;
  if (wanted === 'primary' || wanted === 'standby' || wanted === 'prefer-standby') {
    const standby = await isStandby(server);
    if (wanted === 'primary') return standby ? 'the server is a standby' : null;
    return standby ? null : 'the server is a primary';
  }
  const readOnly = await isReadOnly(server);
  if (wanted === 'read-only') return readOnly ? null : 'the server takes writes';
  return readOnly ? 'the server takes no writes' : null;
}

const recovering = encodeMessage('Q', cstring('SELECT pg_catalog.pg_is_in_recovery()'));
const readOnly = encodeMessage('Q', cstring('SHOW transaction_read_only'));

async function isStandby(server: Answers): Promise<boolean> {
  const reported = reportedSettings(server.announced).get('in_hot_standby');
  return reported === undefined ? isTrue(await server.ask(recovering)) : reported === 'on';
}

async function isReadOnly(server: Answers): Promise<boolean> {
  const reported = reportedSettings(server.announced);
  const [standby, byDefault] = [reported.get('in_hot_standby'), reported.get('default_transaction_read_only')];
  if (standby === undefined || byDefault === undefined) return isTrue(await server.ask(readOnly));
  return standby === 'on' || byDefault === 'on';
}

/** Whether a row of one boolean, as text, is true; throws MalformedBytes where it is none. */
function isTrue(row: Buffer | null): boolean {
  const reader = new ByteReader(row ?? Buffer.alloc(0));
  if (reader.uint16() !== 1) throw new RangeError('the target does not say what it is');
  const text = reader.bytes(reader.int32()).toString('latin1');
  if (text === 't' || text === 'on') return true;
  if (text === 'f' || text === 'off') return false;
  throw new RangeError('the target does not say what it is');
}

/** The settings among ParameterStatus messages; one that is malformed tells nothing. */
export function reportedSettings(announced: Buffer): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const reader = new ByteReader(announced); reader.left > 0; ) {
    const type = reader.uint8();
    const body = reader.bytes(reader.uint32() - 4);
    const [name, value] = body.toString('utf8').split('\0');
    if (type === 0x53 && name !== undefined && value !== undefined) found.set(name, value);
  }
  return found;
}
