import type { Fixture, Piece } from '../../../../test/conformance/rig.ts';
import { cstring, encodeError, encodeMessage } from '../messages.ts';
import { encodeCancel, encodeStartup } from '../startup.ts';
import { int16, int32 } from './messages.ts';

const [TEXT, INT4] = [25, 23];

const ask = (exchange: number, ...messages: readonly Buffer[]): Piece => ({
  exchange,
  direction: 'request',
  bytes: Buffer.concat(messages),
});
const answer = (exchange: number, ...messages: readonly Buffer[]): Piece => ({
  exchange,
  direction: 'reply',
  bytes: Buffer.concat(messages),
});
const value = (text: string | Buffer | null): Buffer => {
  if (text === null) return int32(-1);
  const bytes = Buffer.from(text);
  return Buffer.concat([int32(bytes.length), bytes]);
};

export const message = {
  query: (text: string) => encodeMessage('Q', cstring(text)),
  parse: (name: string, text: string, types: readonly number[] = []) =>
    encodeMessage('P', cstring(name), cstring(text), int16(types.length), int32(...types)),
  bind: (portal: string, name: string, values: readonly (string | Buffer | null)[] = [], formats: readonly number[] = []) =>
    encodeMessage(
      'B',
      cstring(portal),
      cstring(name),
      int16(formats.length),
      int16(...formats),
      int16(values.length),
      ...values.map(value),
      int16(0),
    ),
  describe: (kind: 'S' | 'P', name: string) => encodeMessage('D', Buffer.from(kind), cstring(name)),
  execute: (portal: string, rows = 0) => encodeMessage('E', cstring(portal), int32(rows)),
  close: (kind: 'S' | 'P', name: string) => encodeMessage('C', Buffer.from(kind), cstring(name)),
  flush: () => encodeMessage('H'),
  sync: () => encodeMessage('S'),
  terminate: () => encodeMessage('X'),
  copyData: (data: string | Buffer) => encodeMessage('d', Buffer.from(data)),
  copyDone: () => encodeMessage('c'),
  copyFail: (why: string) => encodeMessage('f', cstring(why)),
  functionCall: (oid = 1598, ...values: readonly Buffer[]) =>
    encodeMessage('F', int32(oid), int16(1, 1, values.length), ...values.map(value), int16(1)),
  password: (text: string) => encodeMessage('p', cstring(text)),
} as const;

const column = (name: string, type: number, format = 0) =>
  Buffer.concat([cstring(name), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(format)]);

export const reply = {
  rows: (columns: readonly (readonly [name: string, type: number, format?: number])[]) =>
    encodeMessage('T', int16(columns.length), ...columns.map(([name, type, format]) => column(name, type, format))),
  row: (...values: readonly (string | Buffer | null)[]) => encodeMessage('D', int16(values.length), ...values.map(value)),
  complete: (tag: string) => encodeMessage('C', cstring(tag)),
  ready: (state = 'I') => encodeMessage('Z', Buffer.from(state)),
  parsed: () => encodeMessage('1'),
  bound: () => encodeMessage('2'),
  closed: () => encodeMessage('3'),
  noData: () => encodeMessage('n'),
  empty: () => encodeMessage('I'),
  suspended: () => encodeMessage('s'),
  types: (...types: readonly number[]) => encodeMessage('t', int16(types.length), int32(...types)),
  error: (code: string, text: string) => encodeError({ severity: 'ERROR', code, message: text }),
  notice: (text: string) => encodeError({ severity: 'NOTICE', code: '00000', message: text }),
  setting: (name: string, text: string) => encodeMessage('S', cstring(name), cstring(text)),
  returned: (content: Buffer | null) => encodeMessage('V', value(content)),
  notification: (channel: string, payload: string) => encodeMessage('A', int32(7), cstring(channel), cstring(payload)),
  copyIn: (format = 0) => encodeMessage('G', Buffer.from([format]), int16(1, format)),
  copyOut: (format = 0) => encodeMessage('H', Buffer.from([format]), int16(1, format)),
} as const;

/** Every message that passes, in stretches as a session's record has them. */
export const fixtures: readonly Fixture[] = [
  {
    name: 'start-up',
    pieces: [
      ask(0, encodeStartup('shop_app', 'shop', new Map([['application_name', 'psql']]))),
      answer(0, encodeMessage('R', int32(0)), reply.setting('TimeZone', 'UTC'), encodeMessage('K', int32(9, 0)), reply.ready()),
    ],
  },
  {
    name: 'a simple query',
    pieces: [
      ask(1, message.query('select id, name from items')),
      answer(
        1,
        reply.rows([
          ['id', INT4],
          ['name', TEXT],
        ]),
        reply.row('1', 'größe'),
        reply.row('2', null),
        reply.notice('slow'),
        reply.row('3', ''),
      ),
      answer(1, reply.complete('SELECT 3'), reply.ready()),
    ],
  },
  {
    name: 'two statements in one query, and an error',
    pieces: [
      ask(1, message.query('select 1; select 2/0')),
      answer(1, reply.rows([['?column?', INT4]]), reply.row('1'), reply.complete('SELECT 1')),
      answer(2, reply.error('22012', 'division by zero'), reply.ready('E')),
      ask(3, message.query('')),
      answer(3, reply.empty(), reply.ready()),
    ],
  },
  {
    name: 'the extended protocol with binary values',
    pieces: [
      ask(1, message.parse('s', 'select $1, $2'), message.describe('S', 's'), message.sync()),
      answer(
        1,
        reply.parsed(),
        reply.types(INT4, TEXT),
        reply.rows([
          ['a', INT4],
          ['b', TEXT],
        ]),
        reply.ready(),
      ),
      ask(2, message.bind('', 's', [int32(42), 'x', null], [1, 0, 0]), message.describe('P', ''), message.execute('', 2), message.flush()),
      answer(
        2,
        reply.bound(),
        reply.rows([
          ['a', INT4, 1],
          ['b', TEXT],
        ]),
        reply.row(int32(42), 'x'),
        reply.suspended(),
      ),
      ask(2, message.close('P', ''), message.sync()),
      answer(2, reply.closed(), reply.ready()),
      ask(3, message.parse('', 'begin'), message.bind('', ''), message.describe('P', ''), message.execute(''), message.sync()),
      answer(3, reply.parsed(), reply.bound(), reply.noData(), reply.complete('BEGIN'), reply.ready('T')),
    ],
  },
  {
    name: 'copies in and out',
    pieces: [
      ask(1, message.query('copy items from stdin')),
      answer(1, reply.copyIn()),
      ask(1, message.copyData('1\tone\n'), message.copyData('2\ttwo\n'), message.copyDone()),
      answer(1, reply.complete('COPY 2'), reply.ready()),
      ask(2, message.query('copy items to stdout')),
      answer(
        2,
        reply.copyOut(),
        message.copyData('1\tone\n'),
        message.copyData('2\ttwö\n'),
        message.copyDone(),
        reply.complete('COPY 2'),
        reply.ready(),
      ),
      ask(3, message.query('copy items from stdin binary')),
      answer(3, reply.copyIn(1)),
      ask(3, message.copyData(Buffer.from([0, 255, 3])), message.copyFail('no more')),
      answer(3, reply.error('57014', 'COPY from stdin failed'), reply.ready()),
      ask(4, message.query('copy items to stdout binary')),
      answer(4, reply.copyOut(1), message.copyData(Buffer.from([0, 255, 3])), message.copyDone(), reply.complete('COPY 1'), reply.ready()),
    ],
  },
  {
    name: 'calls of functions of large objects',
    pieces: [
      ask(1, message.functionCall(952, int32(16_385), int32(0x6_0000))),
      answer(1, reply.returned(int32(0)), reply.ready('T')),
      ask(2, message.functionCall(955, int32(0), Buffer.from([0, 255, 3]))),
      answer(2, reply.returned(int32(3)), reply.ready('T')),
      ask(3, message.functionCall(954, int32(0), int32(8192))),
      answer(3, reply.returned(Buffer.from([0, 255, 3])), reply.ready('T')),
      ask(4, message.functionCall(964, int32(1))),
      answer(4, reply.error('42704', 'large object 1 does not exist'), reply.ready('E')),
    ],
  },
  {
    name: 'what comes unasked, and the end',
    pieces: [
      answer(0, reply.notification('news', 'of the day'), reply.setting('TimeZone', 'Europe/Berlin'), reply.notice('the server goes soon')),
      ask(1, encodeCancel(9, Buffer.alloc(4))),
      ask(0, message.terminate()),
    ],
  },
];
