import { ByteReader, MalformedBytes } from '../../wire/byte-reader.ts';
import { cstring, encodeMessage } from './messages.ts';

/** Codes that stand where a start-up message has its protocol version (chapter 54.7). */
const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const cancelRequest = 80_877_102;
const majorVersion = 3;
/** Protocol 3.2 (PostgreSQL 18) differs from 3.0 in the length of cancel keys alone; there is no 3.1. */
export const newestMinor = 2;

/** PostgreSQL's own limit for a start-up packet. */
export const startupLimit = 10_000;

/**
 * The start-up parameters that pass. Anything else is refused: a pooler that passed them all was made to run SQL before
 * authentication (PgBouncer CVE-2025-12819). Each may also stand in `options` as `-c name=value` or `--name=value`.
 */
const passing = new Set([
  'application_name',
  'client_encoding',
  'client_min_messages',
  'datestyle',
  'default_transaction_isolation',
  'extra_float_digits',
  'idle_in_transaction_session_timeout',
  'intervalstyle',
  'jit',
  'lock_timeout',
  'search_path',
  'statement_timeout',
  'timezone',
]);

/** Encodings in which a byte below 0x80 may be half a character: a parser that reads ASCII sees other text than the server. */
const unsafeEncodings = new Set([
  'BIG5',
  'GB18030',
  'GBK',
  'JOHAB',
  'SHIFTJIS2004',
  'SJIS',
  'UHC',
  'MSKANJI',
  'SHIFTJIS',
  'WIN936',
  'WIN949',
  'WIN950',
  'WINDOWS936',
  'WINDOWS949',
  'WINDOWS950',
]);

export function isUnsafeEncoding(name: string): boolean {
  return unsafeEncodings.has(name.toUpperCase().replace(/[^A-Z0-9]/g, ''));
}

/**
 * A server offers either a password or SASL and hears nothing of the client's wish before; a client that wants OAUTHBEARER says
 * so by this parameter, which libpq can send by `options` alone. It is Chaperone's own and does not go on to the target.
 */
const methodParameter = 'chaperone.auth';
const methodNames = ['password', 'oauthbearer'];

export interface Startup {
  readonly kind: 'startup';
  readonly user: string;
  /** The connection's name; PostgreSQL takes the user's where the database is absent. */
  readonly database: string;
  /** What goes on to the target beside its own user and database. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Whether the client asks for OAUTHBEARER instead of the password. */
  readonly bearer: boolean;
  /** The minor version asked for. */
  readonly minor: number;
  /** Protocol options asked for; there are none that this gateway speaks. */
  readonly unsupportedOptions: readonly string[];
}

export type Opening =
  | Startup
  | { readonly kind: 'tls' }
  | { readonly kind: 'gss' }
  | { readonly kind: 'cancel'; readonly process: number; readonly secret: Buffer }
  | { readonly kind: 'unacceptable'; readonly message: string; readonly hint: string };

/** Reads the body of an untyped first packet, length left out. */
export function parseOpening(body: Buffer): Opening {
  const reader = new ByteReader(body);
  const code = reader.uint32();
  if (code === sslRequest && reader.left === 0) return { kind: 'tls' };
  if (code === gssRequest && reader.left === 0) return { kind: 'gss' };
  if (code === cancelRequest) return { kind: 'cancel', process: reader.uint32(), secret: reader.bytes(reader.left) };
  if (code >>> 16 !== majorVersion)
    return unacceptable(`Protocol version ${code >>> 16}.${code & 0xffff} is not spoken here.`, 'Use a client that speaks protocol 3.');
  return parseStartup(reader, code & 0xffff);
}

function parseStartup(reader: ByteReader, minor: number): Opening {
  const given = new Map<string, string>();
  for (let name = reader.cstring(); name !== ''; name = reader.cstring()) given.set(name, reader.cstring());
  reader.finish();
  const user = given.get('user') ?? '';
  if (user === '') return unacceptable('The start-up message names no user.', 'Give any user name; the token says who you are.');
  const parameters = new Map<string, string>();
  const unsupportedOptions: string[] = [];
  for (const [name, value] of given) {
    if (name === 'user' || name === 'database') continue;
    if (name.startsWith('_pq_.')) unsupportedOptions.push(name);
    else {
      const problem = name === 'options' ? readOptions(value, parameters) : readParameter(name, value, parameters);
      if (problem) return problem;
    }
  }
  const bearer = parameters.get(methodParameter) === 'oauthbearer';
  parameters.delete(methodParameter);
  return { kind: 'startup', user, database: given.get('database') || user, parameters, bearer, minor, unsupportedOptions };
}

function readParameter(name: string, value: string, into: Map<string, string>): Opening | null {
  if (name === methodParameter) {
    if (!methodNames.includes(value))
      return unacceptable(`There is no ${methodParameter} "${value.slice(0, 64)}".`, `Write one of ${methodNames.join(', ')}.`);
    into.set(name, value);
    return null;
  }
  if (!passing.has(name.toLowerCase()))
    return unacceptable(`The start-up parameter "${name.slice(0, 64)}" does not pass.`, 'Leave it out, or set it by SET once connected.');
  if (name.toLowerCase() === 'client_encoding' && isUnsafeEncoding(value))
    return unacceptable(`The client encoding "${value.slice(0, 64)}" does not pass.`, 'Use client_encoding UTF8.');
  into.set(name, value);
  return null;
}

/** `options` is a command line: words split at white space, a backslash takes the next character as it is. */
function readOptions(text: string, into: Map<string, string>): Opening | null {
  const words = [...text.matchAll(/(?:\\.|[^\s\\])+/g)].map(([word]) => word.replace(/\\(.)/g, '$1'));
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const setting = word === '-c' ? words[++index] : /^(?:-c|--)(.+)$/s.exec(word)?.[1];
    const [, name, value] = /^([A-Za-z_.-]+)=(.*)$/s.exec(setting ?? '') ?? [];
    if (name === undefined || value === undefined)
      return unacceptable(`The start-up option "${word.slice(0, 64)}" does not pass.`, 'Only -c name=value is taken in options.');
    const problem = readParameter(name.replaceAll('-', '_'), value, into);
    if (problem) return problem;
  }
  return null;
}

/** A start-up message of protocol 3.`minor`; the target is told its own user and database. */
export function encodeStartup(user: string, database: string, parameters: ReadonlyMap<string, string>, minor = 0): Buffer {
  const pairs = [...parameters, ['user', user] as const, ['database', database] as const];
  return untyped(versionOf(minor), ...pairs.flatMap(([name, value]) => [cstring(name), cstring(value)]), Buffer.alloc(1));
}

export function encodeTlsRequest(): Buffer {
  return untyped(uint32(sslRequest));
}

/** The wire form of a cancel; the form that is put on record has zeros for its secret. */
export function encodeCancel(process: number, secret: Buffer): Buffer {
  return untyped(uint32(cancelRequest), uint32(process), secret);
}

/** Whether a client must be told which version and options are spoken here: it asked for more. */
export function needsNegotiation({ minor, unsupportedOptions }: Startup): boolean {
  return minor > newestMinor || unsupportedOptions.length > 0;
}

/** NegotiateProtocolVersion. Servers send the whole version, not the minor alone as the manual has it. */
export function encodeNegotiation({ minor, unsupportedOptions }: Startup): Buffer {
  const spoken = versionOf(Math.min(minor, newestMinor));
  return encodeMessage('v', spoken, uint32(unsupportedOptions.length), ...unsupportedOptions.map(cstring));
}

/**
 * The minor version that a target's NegotiateProtocolVersion settles on. Throws MalformedBytes where it is none that was
 * asked for, or where the target turns down options although none were asked for.
 */
export function parseNegotiation(body: Buffer, asked: number): number {
  const reader = new ByteReader(body);
  const [version, options] = [reader.uint32(), reader.uint32()];
  reader.finish();
  const minor = version & 0xffff;
  if (version >>> 16 !== majorVersion || minor > asked || minor === 1 || options > 0)
    throw new MalformedBytes(`the target settles on protocol ${version >>> 16}.${minor}, which was not asked for`);
  return minor;
}

/** `application_name=…;run=ID`: the run that this session belongs to, or null. */
export function runOf(parameters: ReadonlyMap<string, string>): string | null {
  return /;run=([A-Za-z0-9._:@/+-]{1,128})\s*(?:;|$)/.exec(parameters.get('application_name') ?? '')?.[1] ?? null;
}

function unacceptable(message: string, hint: string): Opening {
  return { kind: 'unacceptable', message, hint };
}
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
function versionOf(minor: number): Buffer {
  return uint32(majorVersion * 0x1_0000 + minor);
}
function untyped(...body: readonly Buffer[]): Buffer {
  const content = Buffer.concat(body);
  return Buffer.concat([uint32(content.length + 4), content]);
}
