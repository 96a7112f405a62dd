import { encodeError, encodeMessage } from '../../../src/protocols/postgres/messages.ts';
import { ByteReader } from '../../../src/wire/byte-reader.ts';
import { settingQuestion } from '../../../src/protocols/postgres/setting-question.ts';
import type { Line } from './trial.ts';
import { message, reply } from '../../../src/protocols/postgres/testing/fixtures.ts';

const manyRows = 7;
const hugeRow = 300_000;
const headerBytes = 5;

/** A statement that is known: what it answers up to its tag, or an error. */
export interface Result {
  /** Absent: one number. */
  readonly columns?: Buffer;
  readonly rows: readonly Buffer[];
  /** What is said before anything else of the answer. */
  readonly words?: readonly Buffer[];
  readonly tag: string;
  /** What it sets the application's name to, which is then shown. */
  readonly names?: string;
  /** In place of all else. */
  readonly error?: Buffer;
}

interface Portal {
  readonly text: string;
  /** Null until it was run once. */
  left: Buffer[] | null;
}

/**
 * What PostgreSQL does with a stream of messages, as its `PostgresMain` and `CopyGetData` have it: transactions, names that
 * outlive them or do not, skipping up to Sync, and COPY, which drops Sync and Flush. Its statements are a handful.
 */
export class ModelTarget {
  readonly #say: (message: Buffer) => void;
  readonly #leave: () => void;
  #held: Buffer = Buffer.alloc(0);
  #started = false;
  #closed = false;
  #state: 'I' | 'T' | 'E' = 'I';
  #skipping = false;
  #name: string | null = null;
  readonly #prepared = new Map<string, string>();
  readonly #portals = new Map<string, Portal>();
  /** What goes on when the copy's data has ended; null outside of one. */
  #copy: { readonly extended: boolean; readonly goOn: () => void } | null = null;

  /** `more`: what else it knows. */
  constructor({ say, leave }: Line, more: ReadonlyMap<string, Result> = new Map()) {
    this.#say = say;
    this.#leave = leave;
    this.#results = new Map([...results, ...more]);
  }
  readonly #results: ReadonlyMap<string, Result>;

  hear(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    if (!this.#started) {
      if (this.#held.length < 4 || this.#held.length < this.#held.readUInt32BE(0)) return;
      this.#held = this.#held.subarray(this.#held.readUInt32BE(0));
      this.#started = true;
      for (const one of greeting) this.#say(one);
    }
    let at = 0;
    while (!this.#closed && this.#held.length - at >= headerBytes) {
      const end = at + 1 + this.#held.readUInt32BE(at + 1);
      if (end > this.#held.length) break;
      this.#take(String.fromCharCode(this.#held[at] ?? 0), this.#held.subarray(at + headerBytes, end));
      at = end;
    }
    this.#held = this.#held.subarray(at);
  }

  #take(type: string, body: Buffer): void {
    if (this.#copy) return this.#inCopy(type, this.#copy);
    if (type === 'X') this.#goodbye();
    else if (this.#skipping && type !== 'S') return;
    else if (type === 'S') this.#sync();
    else if (type === 'Q') this.#query(body.toString('utf8', 0, Math.max(0, body.indexOf(0))));
    else if ('PBDEC'.includes(type)) this.#extended(type, body);
    else if (type === 'F') this.#call(body);
  }

  #inCopy(type: string, copy: { readonly extended: boolean; readonly goOn: () => void }): void {
    if ('dHS'.includes(type)) return;
    if (type === 'c') {
      this.#copy = null;
      this.#say(reply.complete('COPY 1'));
      copy.goOn();
      return;
    }
    this.#copy = null;
    if (type === 'f') return this.#fail('57014', 'COPY from stdin failed', copy.extended);
    // It has read the type alone, and lost its place in the stream.
    this.#say(reply.error('08P01', 'unexpected message type during COPY from stdin'));
    this.#farewell();
  }

  #farewell(): void {
    this.#say(
      encodeError({ severity: 'FATAL', code: '08P01', message: 'terminating connection because protocol synchronization was lost' }),
    );
    this.#goodbye();
  }
  #goodbye(): void {
    this.#closed = true;
    this.#leave();
  }

  #sync(): void {
    this.#skipping = false;
    this.#ready();
  }
  #ready(): void {
    if (this.#state === 'I') this.#portals.clear();
    this.#say(reply.ready(this.#state));
  }
  #fail(code: string, text: string, extended: boolean): void {
    this.#failBy(reply.error(code, text), extended);
  }
  #failBy(error: Buffer, extended: boolean): void {
    this.#say(error);
    if (this.#state !== 'I') this.#state = 'E';
    else this.#portals.clear();
    if (extended) this.#skipping = true;
    else this.#ready();
  }

  /** Large objects: one is open, of which there is nothing to read; it may be written. */
  #call(body: Buffer): void {
    const result = calls.get(body.readUInt32BE(0));
    if (this.#state === 'E') return this.#fail('25P02', 'no', false);
    if (result === undefined) return this.#fail('42704', 'no', false);
    this.#say(reply.returned(result));
    this.#ready();
  }

  #query(text: string): void {
    this.#prepared.delete('');
    this.#portals.delete('');
    const statements = this.#statementsOf(text);
    if (statements === null) return this.#fail('42601', 'syntax error', false);
    if (statements.length === 0) this.#say(reply.empty());
    this.#runFrom(statements, 0);
  }
  #runFrom(statements: readonly string[], from: number): void {
    for (let index = from; index < statements.length; index += 1) {
      const text = statements[index] ?? '';
      const problem = this.#problem(text);
      if (problem) return this.#fail(problem, 'no', false);
      const { error } = this.#resultOf(text);
      if (error) return this.#failBy(error, false);
      if (isCopyIn(text)) {
        this.#say(reply.copyIn());
        this.#copy = { extended: false, goOn: () => this.#runFrom(statements, index + 1) };
        return;
      }
      if (text === 'copy t to stdout') this.#copyOut();
      else this.#answer(text);
    }
    this.#ready();
  }
  #copyOut(): void {
    for (const one of [reply.copyOut(), message.copyData('1\n'), message.copyData('2\n'), message.copyDone(), reply.complete('COPY 2')])
      this.#say(one);
  }
  #answer(text: string): void {
    const { columns = number, rows, words = [], tag } = this.#resultOf(text);
    if (rows.length > 0) this.#say(columns);
    for (const word of words) this.#say(word);
    for (const row of rows) this.#say(row);
    this.#effect(text);
    this.#say(reply.complete(tag));
  }

  /** The SQLSTATE that a statement fails with, or null. */
  #problem(text: string): string | null {
    if (this.#state === 'E' && text !== 'commit' && text !== 'rollback') return '25P02';
    if (text === 'select 1/0') return '22012';
    return this.#isKnown(text) ? null : '42601';
  }
  #effect(text: string): void {
    this.#name = this.#resultOf(text).names ?? this.#name;
    if (text === 'begin') this.#state = 'T';
    else if (text === 'commit' || text === 'rollback') {
      this.#state = 'I';
      this.#portals.clear();
    } else if (text === 'set x = 1') this.#say(reply.setting('x', '1'));
    else if (text === 'deallocate all') this.#prepared.clear();
    else if (text === 'deallocate s') this.#prepared.delete('s');
  }

  #extended(type: string, body: Buffer): void {
    const problem = this.#tryExtended(type, body);
    if (problem) this.#fail(problem, 'no', true);
  }
  #tryExtended(type: string, body: Buffer): string | null {
    const words = wordsOf(body);
    switch (type) {
      case 'P':
        return this.#parse(words[0] ?? '', words[1]);
      case 'B':
        return isBind(body) ? this.#bind(words[0] ?? '', words[1]) : '08P01';
      case 'D':
        return this.#describe(body);
      case 'E':
        return this.#execute(body);
      default:
        return this.#close(body);
    }
  }
  #parse(name: string, text: string | undefined): string | null {
    const statements = text === undefined ? null : this.#statementsOf(text);
    if (name === '') this.#prepared.delete('');
    if (statements === null || statements.length > 1) return '42601';
    const [statement = ''] = statements;
    if (statement !== '' && !this.#isKnown(statement)) return '42601';
    if (this.#state === 'E' && statement !== 'commit' && statement !== 'rollback') return '25P02';
    if (name !== '' && this.#prepared.has(name)) return '42P05';
    this.#prepared.set(name, statement);
    this.#say(reply.parsed());
    return null;
  }
  #bind(portal: string, name: string | undefined): string | null {
    const text = name === undefined ? undefined : this.#prepared.get(name);
    if (text === undefined) return '26000';
    if (this.#state === 'E' && text !== 'commit' && text !== 'rollback') return '25P02';
    if (portal !== '' && this.#portals.has(portal)) return '42P03';
    this.#portals.set(portal, { text, left: null });
    this.#say(reply.bound());
    return null;
  }
  #describe(body: Buffer): string | null {
    const [name = ''] = wordsOf(body.subarray(1));
    const isStatement = body[0] === 0x53;
    if (!isStatement && body[0] !== 0x50) return '08P01';
    const text = isStatement ? this.#prepared.get(name) : this.#portals.get(name)?.text;
    if (text === undefined) return isStatement ? '26000' : '34000';
    if (isStatement) this.#say(reply.types());
    const { columns = number, rows } = this.#resultOf(text);
    this.#say(rows.length > 0 ? columns : reply.noData());
    return null;
  }
  #execute(body: Buffer): string | null {
    const [name = ''] = wordsOf(body);
    const end = body.indexOf(0) + 1;
    if (end === 0 || body.length !== end + 4) return '08P01';
    const portal = this.#portals.get(name);
    if (portal === undefined) return '34000';
    if (portal.text === '') {
      this.#say(reply.empty());
      return null;
    }
    const problem = this.#problem(portal.text);
    if (problem) return problem;
    if (isCopyIn(portal.text)) {
      this.#say(reply.copyIn());
      this.#copy = { extended: true, goOn: () => {} };
    } else if (portal.text === 'copy t to stdout') this.#copyOut();
    else if (this.#resultOf(portal.text).error) this.#failBy(this.#resultOf(portal.text).error ?? Buffer.alloc(0), true);
    else this.#fetch(portal, body.readInt32BE(end));
    return null;
  }
  #fetch(portal: Portal, limit: number): void {
    const { rows, words = [], tag } = this.#resultOf(portal.text);
    if (portal.left === null) for (const word of words) this.#say(word);
    portal.left ??= [...rows];
    const some = limit > 0 ? portal.left.splice(0, limit) : portal.left.splice(0);
    for (const row of some) this.#say(row);
    if (limit > 0 && some.length === limit) return this.#say(reply.suspended());
    this.#effect(portal.text);
    this.#say(reply.complete(tag));
  }
  #close(body: Buffer): string | null {
    const [name = ''] = wordsOf(body.subarray(1));
    if (body[0] === 0x53) this.#prepared.delete(name);
    else if (body[0] === 0x50) this.#portals.delete(name);
    else return '08P01';
    this.#say(reply.closed());
    return null;
  }

  #isKnown(text: string): boolean {
    return this.#results.has(text) || text === settingQuestion;
  }
  #resultOf(text: string): Result {
    if (text === settingQuestion) return { rows: [settingAnswer(this.#prepared)], tag: 'SELECT 1' };
    const result = this.#results.get(text) ?? { rows: [], tag: 'SELECT 0' };
    return this.#name !== null && text === 'show application_name' ? { ...result, rows: [reply.row(this.#name)] } : result;
  }
  /** Null where the text does not parse, which here is: where a part of it is not known. */
  #statementsOf(text: string): readonly string[] | null {
    if (text.trim() === '' || text.trim() === ';') return [];
    if (!/;\s*\S/.test(text)) return [text];
    const statements = text.split(';').map((statement) => statement.trim());
    return statements.every((statement) => this.#isKnown(statement)) ? statements : null;
  }
}

/** What the gateway is told of a session where it asks, by the names that were prepared in it. */
function settingAnswer(names: ReadonlyMap<string, string>): Buffer {
  const prepared = Object.fromEntries([...names].filter(([name]) => name !== '' && name !== 'chaperone question'));
  const setting = { path: ['pg_catalog', 'public'], user: 'shop_app', strings: 'on', temporary: null, prepared, cursors: null };
  return reply.row(JSON.stringify(setting));
}

const number = reply.rows([['n', 23]]);
const one = reply.row('1');
const many = Array.from({ length: manyRows }, (_, index) => reply.row(String(index)));
const huge = reply.row('x'.repeat(hugeRow));

const results = new Map<string, Result>([
  ['select 1', { rows: [one], tag: 'SELECT 1' }],
  ['select 2', { rows: [one], tag: 'SELECT 1' }],
  ["select 'größe'", { rows: [one], tag: 'SELECT 1' }],
  ['select later', { rows: [one], tag: 'SELECT 1' }],
  ['select many', { rows: many, tag: `SELECT ${manyRows}` }],
  ['select huge', { rows: [huge], tag: 'SELECT 1' }],
  ['begin', { rows: [], tag: 'BEGIN' }],
  ['commit', { rows: [], tag: 'COMMIT' }],
  ['rollback', { rows: [], tag: 'ROLLBACK' }],
  ['set x = 1', { rows: [], tag: 'SET' }],
  ['deallocate all', { rows: [], tag: 'DEALLOCATE ALL' }],
  ['deallocate s', { rows: [], tag: 'DEALLOCATE' }],
  ['show client_encoding', { rows: [reply.row('UTF8')], tag: 'SHOW' }],
  ['copy t to stdout', { rows: [], tag: 'COPY 2' }],
  ['copy t from stdin', { rows: [], tag: 'COPY 1' }],
  ['select 1/0', { rows: [one], tag: 'SELECT 1' }],
]);

/** What the functions of large objects give, by their OIDs; the others fail. */
const calls = new Map([
  [958, Buffer.alloc(4)],
  [954, Buffer.alloc(0)],
  [955, Buffer.from([0, 0, 0, 7])],
]);

/** A login that asks for nothing, a key, and the first ReadyForQuery. */
const greeting = [
  encodeMessage('R', Buffer.alloc(4)),
  reply.setting('server_version', '18'),
  encodeMessage('K', Buffer.from([0, 0, 0, 7, 0, 0, 0, 8])),
  reply.ready(),
];

function isCopyIn(text: string): boolean {
  return text === 'copy t from stdin';
}
/** Whether formats and values are as many and as long as they say, and nothing else stands behind them. */
function isBind(body: Buffer): boolean {
  const reader = new ByteReader(body);
  try {
    reader.cstring();
    reader.cstring();
    reader.bytes(2 * reader.uint16());
    for (let left = reader.uint16(); left > 0; left -= 1) reader.bytes(Math.max(0, reader.int32()));
    reader.bytes(2 * reader.uint16());
    return reader.left === 0;
  } catch {
    return false;
  }
}

function wordsOf(body: Buffer): string[] {
  return body.toString('utf8').split('\0').slice(0, -1);
}
