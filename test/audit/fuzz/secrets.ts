import { createSecretKey } from 'node:crypto';
import { encodeMessage } from '../../../src/protocols/postgres/messages.ts';
import { Catalog } from '../../../src/protocols/postgres/catalog.ts';
import { message, reply } from '../../../src/protocols/postgres/testing/fixtures.ts';
import { int16 } from '../../../src/protocols/postgres/testing/messages.ts';
import { snapshotOf } from '../../../src/sql/snapshot-query.ts';
import { createMasking } from '../../../src/stages/masking/index.ts';
import { maskingSchema } from '../../../src/stages/masking/settings.ts';
import { type Needle, textNeedle } from '../../e2e/secret-forms.ts';
import type { Result } from './model-target.ts';

const email = 'quokka.zyxwv@vexillum-mail.test';
const phone = '+49 30 60918273';
const code = 'QWZXCVBNMKLP';
const card = '5425 2334 3010 9903';
const badge = 'S738291';

/** What a masked session's client, and its record, must not have. */
export const secrets: readonly Needle[] = [email, phone, code, card, badge].map((text) => textNeedle(text, text));

/** Rules of each kind, and every action. */
export const masking = createMasking(
  maskingSchema.parse({
    columns: [
      { column: 'orders:public.people.email', action: 'partial' },
      { column: 'orders:public.people.phone', action: 'pseudonym' },
      { column: 'orders:public.people.code', action: 'redact' },
    ],
    detectors: [{ detect: ['card'], action: 'redact' }],
    patterns: [{ name: 'badge', pattern: 'S[0-9]{6}', action: 'redact' }],
  }),
  createSecretKey(Buffer.alloc(32, 7)),
);

const snapshot = snapshotOf([
  ['schema', 'public', '', ''],
  ['relation', 'public', 'people', '["r",["id","email","phone","code","note"],null,false,false,[],[],[23,25,25,25,25]]'],
  ['relation', 'public', 't', '["r",["n"],null,false,false,[],[],[23]]'],
  ['routine', 'pg_catalog', 'reverse', '["f","i",true,"internal",true,false,1,1,false,null,false]'],
]);

/** The catalog of the sample, which nobody need ask for and nothing changes: a session is the same whenever it is played. */
export class SampleCatalog extends Catalog {
  override get known() {
    return { snapshot, fingerprint: '', user: 'shop_app', searchPath: 'public' };
  }
  override fresh(): undefined {
    return undefined;
  }
  override lacking(): null {
    return null;
  }
}

const TEXT = 25;
const rowOf = (id: string, ...values: readonly (string | null)[]) => reply.row(id, ...values);
const people = [rowOf('1', email, phone, code, `call, card ${card}, badge ${badge}`), rowOf('2', null, '', code.toLowerCase(), 'nothing')];
const all = reply.rows([
  ['id', 23],
  ['email', TEXT],
  ['phone', TEXT],
  ['code', TEXT],
  ['note', TEXT],
]);
const some = (values: readonly (string | null)[], ...names: readonly string[]): Result => ({
  columns: reply.rows(names.map((name) => [name, TEXT])),
  rows: [reply.row(...values)],
  tag: 'SELECT 1',
});
const server = (type: 'E' | 'N', fields: readonly (readonly [string, string])[]) =>
  encodeMessage(type, ...fields.map(([letter, text]) => Buffer.from(`${letter}${text}\0`)), Buffer.alloc(1));
const copied = (columns: number, ...lines: readonly string[]): readonly Buffer[] => [
  encodeMessage('H', Buffer.alloc(1), int16(columns, ...Array.from({ length: columns }, () => 0))),
  ...lines.map((line) => message.copyData(`${line}\n`)),
  message.copyDone(),
];

/** What the model answers to the texts that reach secrets, in every way in which it says something. */
export const secretResults: ReadonlyMap<string, Result> = new Map<string, Result>([
  ['select * from people', { columns: all, rows: people, tag: 'SELECT 2' }],
  ['table people', { columns: all, rows: people, tag: 'SELECT 2' }],
  ['select id, note from people', some(['1', `${card} and ${badge}`], 'id', 'note')],
  ['select reverse(email), email from people', some([Array.from(email).toReversed().join(''), email], 'reverse', 'email')],
  ['select email as id from people union select phone from people', some([email], 'id')],
  ['select * from nobody_knows', some([email, phone], 'a', 'b')],
  [
    'fetch all from c',
    {
      columns: reply.rows([
        ['email', TEXT, 1],
        ['pin', 23, 1],
      ]),
      rows: [reply.row(email, Buffer.from(code.slice(0, 4)))],
      tag: 'FETCH 1',
    },
  ],
  ['select n from t', some([`see ${card}`], 'n')],
  ['copy people to stdout', { rows: [], words: copied(5, `1\t${email}\t${phone}\t${code}\t${card}`, '2\t\\N\t\t\t'), tag: 'COPY 2' }],
  ['copy people (email) to stdout csv', { rows: [], words: copied(1, `"${email}"`, email), tag: 'COPY 2' }],
  ['copy (select email, id from people) to stdout', { rows: [], words: copied(2, `${email}\t1`), tag: 'COPY 1' }],
  [
    'select email::int from people',
    {
      rows: [],
      words: [],
      tag: '',
      error: server('E', [
        ['S', 'ERROR'],
        ['V', 'ERROR'],
        ['C', '22P02'],
        ['M', `invalid input syntax for type integer: "${email}"`],
        ['D', `Failing row contains (${phone}).`],
        ['F', 'numutils.c'],
        ['L', '1'],
        ['R', 'pg_strtoint32'],
      ]),
    },
  ],
  [
    'select whisper(1)',
    {
      columns: reply.rows([['whisper', TEXT]]),
      rows: [reply.row(email)],
      words: [
        server('N', [
          ['S', 'NOTICE'],
          ['V', 'NOTICE'],
          ['C', '00000'],
          ['M', `psst: ${phone}`],
          ['F', 'pl_exec.c'],
        ]),
        reply.notification('news', code),
      ],
      tag: 'SELECT 1',
    },
  ],
  [
    "select set_config('application_name', email, false) from people",
    { ...some([email], 'set_config'), words: [reply.setting('application_name', email)], names: email },
  ],
  ['show application_name', some(['fuzz'], 'application_name')],
]);
