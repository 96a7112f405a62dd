import { type Needle, textNeedle } from '../../e2e/secret-forms.ts';

/** A column of the sample whose values must be seen nowhere: its type, what is done, and the values of the two rows. */
export interface Canary {
  readonly column: string;
  readonly type: string;
  readonly action: 'redact' | 'partial' | 'pseudonym' | 'null';
  readonly values: readonly [string, string];
}

/** Of every common type one; values that nothing else contains. */
export const canaries: readonly Canary[] = [
  { column: 'email', type: 'text', action: 'partial', values: ['quokka.zyxwv@vexillum-mail.test', 'numbat.jqkpl@vexillum-mail.test'] },
  { column: 'phone', type: 'varchar(40)', action: 'pseudonym', values: ['+49 30 60918273', '+49 30 71829364'] },
  { column: 'code', type: 'char(12)', action: 'redact', values: ['QWZXCVBNMKLP', 'PLOKMIJNUHBY'] },
  { column: 'title', type: 'name', action: 'redact', values: ['Grossherzogtum', 'Erzbischoeflich'] },
  { column: 'salary', type: 'numeric(14,2)', action: 'redact', values: ['8675309177.25', '7135924680.75'] },
  { column: 'pin', type: 'int', action: 'partial', values: ['1938475629', '1827364559'] },
  { column: 'account', type: 'bigint', action: 'pseudonym', values: ['7263549182736451', '6172839455061728'] },
  { column: 'score', type: 'float8', action: 'redact', values: ['92837465.0625', '81726354.9375'] },
  { column: 'ratio', type: 'float4', action: 'redact', values: ['74839.25', '63728.75'] },
  { column: 'born', type: 'date', action: 'redact', values: ['1961-09-17', '1972-11-23'] },
  { column: 'seen', type: 'timestamptz', action: 'pseudonym', values: ['2011-03-14 15:09:26.535+00', '2012-06-28 03:18:53.071+00'] },
  { column: 'made', type: 'timestamp', action: 'partial', values: ['1993-07-19 11:47:53.217', '1984-05-29 19:37:41.913'] },
  { column: 'at', type: 'time', action: 'redact', values: ['13:47:59.317', '22:51:43.729'] },
  { column: 'span', type: 'interval', action: 'redact', values: ['17 days 19:23:41.617', '23 days 05:47:13.907'] },
  {
    column: 'token',
    type: 'uuid',
    action: 'pseudonym',
    values: ['f47ac10b-58cc-4372-a567-0e02b2c3d479', '9b2d7c1e-63aa-4f58-b1d0-7e4c5a9f8832'],
  },
  { column: 'addr', type: 'inet', action: 'redact', values: ['203.117.58.211', '198.83.141.97'] },
  { column: 'net', type: 'cidr', action: 'partial', values: ['2001:db8:5a3c:91e7::/64', '2001:db8:7b2d:83f6::/64'] },
  { column: 'mac', type: 'macaddr', action: 'redact', values: ['a4:83:e7:5d:91:c6', 'b8:27:eb:6e:4f:d2'] },
  {
    column: 'doc',
    type: 'json',
    action: 'redact',
    values: ['{"who": "Wombatinger", "n": 58172639}', '{"who": "Dingofeld", "n": 49281736}'],
  },
  {
    column: 'docb',
    type: 'jsonb',
    action: 'pseudonym',
    values: ['{"who": "Bandikut-Str", "n": 39281746}', '{"who": "Koalaweg-Nr", "n": 28371645}'],
  },
  { column: 'raw', type: 'bytea', action: 'redact', values: ['\\x5a1e9c77d3b84f26', '\\xe1a74c0b92f6d385'] },
  { column: 'tags', type: 'text[]', action: 'redact', values: ['{Echidnaberg,Possumtal}', '{Quollhausen,"Dunnart See"}'] },
  { column: 'nums', type: 'int[]', action: 'redact', values: ['{1593572846,1684926375}', '{1753951824,1842697531}'] },
  { column: 'mood', type: 'mood', action: 'partial', values: ['melancholisch', 'ueberschwaenglich'] },
  { column: 'rng', type: 'int4range', action: 'redact', values: ['[1482659370,1482659399)', '[1371548260,1371548299)'] },
  { column: 'page', type: 'xml', action: 'redact', values: ['<a>Kakaduplatz</a>', '<a>Emuallee-9</a>'] },
  { column: 'cash', type: 'money', action: 'redact', values: ['$71,829,364.55', '$61,728,394.45'] },
];

/** Found by what it looks like, without a rule for its column. */
export const note = ['call back, card 5425 2334 3010 9903, thanks', 'card 4917 6100 0000 0000 is the new one'] as const;
const cards = ['5425 2334 3010 9903', '4917 6100 0000 0000', '5425233430109903', '4917610000000000'];

/** The parts of what takes the place of values are not looked for, nor what everybody knows. */
export function needles(): readonly Needle[] {
  const texts = canaries.flatMap(({ column, values }) => values.map((value, row) => ({ name: `${column} of row ${row + 1}`, value })));
  const words = texts.flatMap(({ name, value }) => [value, ...pieces(value)].map((text) => ({ name, text })));
  const numbers = canaries.flatMap(({ column, type, values }) => values.flatMap((value) => binary(column, type, value)));
  return [...[...words, ...cards.map((text) => ({ name: 'a card', text }))].map(({ name, text }) => textNeedle(name, text)), ...numbers];
}

/** Words and numbers within a value that stand for it, forwards, backwards and in capitals. */
function pieces(value: string): readonly string[] {
  const found = value.match(/[A-Za-z-]{7,}|\d{8,}|[0-9a-f]{8,}/g) ?? [];
  return found
    .filter((piece) => !/^(vexillum-mail|timestamp)$/.test(piece))
    .flatMap((piece) => [piece, Array.from(piece).toReversed().join(''), piece.toUpperCase()]);
}

function binary(column: string, type: string, value: string): readonly Needle[] {
  const named = (form: Buffer): Needle => ({ name: `${column} in binary`, forms: [form] });
  const bytes = (size: number, write: (buffer: Buffer) => void) => {
    const buffer = Buffer.alloc(size);
    write(buffer);
    return named(buffer);
  };
  if (type === 'int') return [bytes(4, (buffer) => buffer.writeInt32BE(Number(value)))];
  if (type === 'bigint') return [bytes(8, (buffer) => buffer.writeBigInt64BE(BigInt(value)))];
  if (type === 'float8') return [bytes(8, (buffer) => buffer.writeDoubleBE(Number(value)))];
  if (type === 'uuid') return [named(Buffer.from(value.replaceAll('-', ''), 'hex'))];
  if (type === 'bytea') return [named(Buffer.from(value.slice(2), 'hex'))];
  if (type === 'macaddr') return [named(Buffer.from(value.replaceAll(':', ''), 'hex'))];
  if (type === 'inet') return [named(Buffer.from(value.split('.').map(Number)))];
  return [];
}

/** What the target's owner runs. */
export function sampleStatements(): readonly string[] {
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const columns = canaries.map(({ column, type }) => `${column} ${type}`);
  const rows = [0, 1].map((row) => {
    const values = canaries.map(({ values: both }) => literal(both[row] ?? ''));
    return `(${row + 1}, 'person ${row + 1}', ${[...values, literal(note[row] ?? '')].join(', ')})`;
  });
  return [
    "create type mood as enum ('melancholisch', 'ueberschwaenglich')",
    `create table people (id int primary key, name text not null, ${columns.join(', ')}, note text, unique (email), check (pin > 100))`,
    `insert into people values ${rows.join(', ')}`,
    'create view contacts as select id, email, upper(phone) as phone from people',
    'create view everyone as select * from people',
    'create materialized view snapshot_of_people as select id, email from people',
    'create table staff (like people)',
    'create domain mail as text',
    'create table made (id int, email mail, shouted text generated always as (upper(email)) stored)',
    "insert into made values (1, 'quokka.zyxwv@vexillum-mail.test')",
    'create table parts (id int, email text) partition by list (id)',
    'create table parts_1 partition of parts for values in (1)',
    "insert into parts values (1, 'quokka.zyxwv@vexillum-mail.test')",
    "create function mail_of(who int) returns text language sql stable as 'select email from people where id = who'",
    "create function all_people() returns setof people language sql stable as 'select * from people'",
    "create function complain(who int) returns int language plpgsql stable as $$ begin raise exception 'no: %', (select email from people where id = who); end $$",
    "create function whisper(who int) returns int language plpgsql stable as $$ begin raise notice 'psst: %', (select phone from people where id = who); return 1; end $$",
    'analyze people',
  ];
}
