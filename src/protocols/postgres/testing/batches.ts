import { message } from './fixtures.ts';

const { query, parse, bind, describe: describeIt, execute, close, flush, sync } = message;

/** A conversation in the extended protocol, and what must become of it. */
export interface Batch {
  readonly name: string;
  /** What is sent, each in one write and answered by as many ReadyForQuery as it has Sync and Query. */
  readonly says: readonly (readonly Buffer[])[];
  /** Message types that come back, for each write. */
  readonly hears: readonly string[];
  /** The record's exchanges. */
  readonly record: readonly string[];
}

/** All the messages of one statement but the Sync. */
export const run = (text: string, name = '') => [parse(name, text), bind('', name), describeIt('P', ''), execute('')];

export const batches: readonly Batch[] = [
  {
    name: 'one statement is one exchange, from Parse to Execute',
    says: [[...run('select 1'), sync()]],
    hears: ['1 2 T D C Z'],
    record: ['select 1 → ok SELECT 1'],
  },
  {
    name: 'prepared once and run twice: the first run belongs to its Parse',
    says: [
      [parse('s', 'select $1::int'), describeIt('S', 's'), sync()],
      [bind('', 's', ['1']), execute(''), sync()],
      [bind('', 's', ['2']), execute(''), sync()],
    ],
    hears: ['1 t T Z', '2 D C Z', '2 D C Z'],
    record: ['select $1::int → ok', 'select $1::int → ok SELECT 1', 'select $1::int → ok SELECT 1'],
  },
  {
    name: 'many statements in one batch',
    says: [[...run('select 1'), ...run('select 2'), ...run('select 3'), sync()]],
    hears: ['1 2 T D C 1 2 T D C 1 2 T D C Z'],
    record: ['select 1 → ok SELECT 1', 'select 2 → ok SELECT 1', 'select 3 → ok SELECT 1'],
  },
  {
    name: 'batches behind one another, without waiting',
    says: [[...run('select 1'), sync(), ...run('select 2'), sync(), query('select 3'), ...run('select 4'), sync()]],
    hears: ['1 2 T D C Z 1 2 T D C Z T D C Z 1 2 T D C Z'],
    record: ['select 1 → ok SELECT 1', 'select 2 → ok SELECT 1', 'select 3 → ok SELECT 1', 'select 4 → ok SELECT 1'],
  },
  {
    name: 'an error skips what is behind it up to Sync, and no further',
    says: [[...run('select 1'), ...run('select 1/0'), ...run('select 2'), sync(), ...run('select 3'), sync()]],
    hears: ['1 2 T D C 1 E:22012 Z 1 2 T D C Z'],
    record: ['select 1 → ok SELECT 1', 'select 1/0 → error 22012', 'select 2 → skipped', 'select 3 → ok SELECT 1'],
  },
  {
    name: 'a Parse that fails leaves the statement of that name as it was',
    says: [
      [parse('s', 'select 7'), sync()],
      [close('S', 's'), parse('s', 'selec'), sync()],
      [bind('', 's'), execute(''), sync()],
    ],
    hears: ['1 Z', '3 E:42601 Z', 'E:26000 Z'],
    record: ['select 7 → ok', 'selec → error 42601', '(statement "s", prepared by SQL) → error 26000'],
  },
  {
    name: 'a skipped Close closes nothing',
    says: [
      [parse('s', 'select 7'), sync()],
      [parse('', 'selec'), close('S', 's'), sync()],
      [bind('', 's'), execute(''), sync()],
    ],
    hears: ['1 Z', 'E:42601 Z', '2 D C Z'],
    record: ['select 7 → ok', 'selec → error 42601', 'select 7 → ok SELECT 1'],
  },
  {
    name: 'a skipped Parse prepares nothing',
    says: [
      [parse('', 'selec'), parse('s', 'select 1'), sync()],
      [bind('', 's'), execute(''), sync()],
    ],
    hears: ['E:42601 Z', 'E:26000 Z'],
    record: ['selec → error 42601', 'select 1 → skipped', '(statement "s", prepared by SQL) → error 26000'],
  },
  {
    name: 'pipelined: a Parse that fails behind a Sync leaves the old statement, and it is told as what it is',
    says: [[parse('s', "select 'old'"), sync(), parse('s', "select 'new'"), sync(), bind('', 's'), execute(''), sync()]],
    hears: ['1 Z E:42P05 Z 2 D C Z'],
    record: ["select 'old' → ok", "select 'new' → error 42P05", "select 'old' → ok SELECT 1"],
  },
  {
    name: 'pipelined: a Close that is skipped does not make room for another statement',
    says: [
      [
        parse('s', "select 'old'"),
        sync(),
        parse('', 'selec'),
        close('S', 's'),
        sync(),
        parse('s', "select 'new'"),
        sync(),
        bind('', 's'),
        execute(''),
        sync(),
      ],
    ],
    hears: ['1 Z E:42601 Z E:42P05 Z 2 D C Z'],
    record: ["select 'old' → ok", 'selec → error 42601', "select 'new' → error 42P05", "select 'old' → ok SELECT 1"],
  },
  {
    name: 'pipelined: an unnamed Parse that is skipped leaves the unnamed statement of before',
    says: [[parse('', "select 'old'"), sync(), parse('x', 'selec'), parse('', "select 'new'"), sync(), bind('', ''), execute(''), sync()]],
    hears: ['1 Z E:42601 Z 2 D C Z'],
    record: ["select 'old' → ok", 'selec → error 42601', "select 'new' → skipped", "select 'old' → ok SELECT 1"],
  },
  {
    name: 'pipelined: a simple query that is skipped leaves the unnamed statement',
    says: [[parse('', "select 'old'"), sync(), parse('x', 'selec'), query('select 1'), sync(), bind('', ''), execute(''), sync()]],
    hears: ['1 Z E:42601 Z 2 D C Z'],
    record: ["select 'old' → ok", 'selec → error 42601', 'select 1 → skipped', "select 'old' → ok SELECT 1"],
  },
  {
    name: 'a portal does not outlive its transaction',
    says: [
      [query('begin')],
      [parse('', "select 'old'"), bind('p', ''), sync()],
      [query('commit; begin; declare p cursor for select 2')],
      [execute('p'), sync()],
    ],
    hears: ['C Z', '1 2 Z', 'C C C Z', 'D C Z'],
    record: [
      'begin → ok BEGIN',
      "select 'old' → ok",
      'commit → ok COMMIT',
      'begin → ok BEGIN',
      'declare p cursor for select 2 → ok DECLARE CURSOR',
      '(portal "p", opened by SQL) → ok SELECT 1',
    ],
  },
  {
    name: 'DEALLOCATE ALL forgets what was prepared',
    says: [
      [parse('s', "select 'old'"), sync()],
      [query('deallocate all')],
      [query("prepare s as select 'new'")],
      [bind('', 's'), execute(''), sync()],
    ],
    hears: ['1 Z', 'C Z', 'C Z', '2 D C Z'],
    record: [
      "select 'old' → ok",
      'deallocate all → ok DEALLOCATE ALL',
      "prepare s as select 'new' → ok PREPARE",
      '(statement "s", prepared by SQL) → ok SELECT 1',
    ],
  },
  {
    name: 'DEALLOCATE forgets the one it names',
    says: [
      [parse('s', "select 'old'"), parse('T"t', 'select 5'), sync()],
      [query('deallocate prepare S'), query('deallocate "T""t"')],
      [query("prepare s as select 'new'")],
      [bind('', 's'), execute(''), sync(), bind('', 'T"t'), sync()],
    ],
    hears: ['1 1 Z', 'C Z C Z', 'C Z', '2 D C Z E:26000 Z'],
    record: [
      "select 'old' → ok",
      'select 5 → ok',
      'deallocate prepare S → ok DEALLOCATE',
      'deallocate "T""t" → ok DEALLOCATE',
      "prepare s as select 'new' → ok PREPARE",
      '(statement "s", prepared by SQL) → ok SELECT 1',
      '(statement "T"t", prepared by SQL) → error 26000',
    ],
  },
  {
    name: 'pipelined: a name that SQL takes away and gives anew is not told by its old text',
    says: [
      [parse('s', "select 'old'"), parse('t', 'select 5'), sync()],
      [query('deallocate s'), query("prepare s as select 'new'"), bind('', 's'), execute(''), sync(), bind('', 't'), execute(''), sync()],
    ],
    hears: ['1 1 Z', 'C Z C Z 2 D C Z 2 D C Z'],
    record: [
      "select 'old' → ok",
      'select 5 → ok',
      'deallocate s → ok DEALLOCATE',
      "prepare s as select 'new' → ok PREPARE",
      '(statement "s", prepared by SQL) → ok SELECT 1',
      'select 5 → ok SELECT 1',
    ],
  },
  {
    name: 'nor within one batch, by DISCARD, by a comment before it, or by DO',
    says: [
      [parse('s', "select 'old'"), ...run('deallocate s'), ...run("prepare s as select 'new'"), bind('', 's'), execute(''), sync()],
      [query('discard all'), parse('u', "select 'old'"), sync()],
      [query('/* ; */ deallocate u'), query("prepare u as select 'new'"), bind('', 'u'), execute(''), sync()],
      [query('discard all'), parse('v', "select 'old'"), sync()],
      [query("do $$ begin execute 'deallocate v'; execute 'prepare v as select 2'; end $$"), bind('', 'v'), execute(''), sync()],
    ],
    hears: ['1 1 2 n C 1 2 n C 2 D C Z', 'C Z 1 Z', 'C Z C Z 2 D C Z', 'C Z 1 Z', 'C Z 2 D C Z'],
    record: [
      "select 'old' → ok",
      'deallocate s → ok DEALLOCATE',
      "prepare s as select 'new' → ok PREPARE",
      '(statement "s", prepared by SQL) → ok SELECT 1',
      'discard all → ok DISCARD ALL',
      "select 'old' → ok",
      '/* ; */ deallocate u → ok DEALLOCATE',
      "prepare u as select 'new' → ok PREPARE",
      '(statement "u", prepared by SQL) → ok SELECT 1',
      'discard all → ok DISCARD ALL',
      "select 'old' → ok",
      "do $$ begin execute 'deallocate v'; execute 'prepare v as select 2'; end $$ → ok DO",
      '(statement "v", prepared by SQL) → ok SELECT 1',
    ],
  },
  {
    name: 'pipelined: a portal that SQL closes and opens anew is not told by its old text',
    says: [
      [query('begin'), parse('', "select 'old'"), bind('p', ''), sync()],
      [query('close p; declare p cursor for select 2'), execute('p'), sync()],
      [query('rollback; begin; declare p cursor for select 3'), execute('p'), sync(), query('rollback')],
    ],
    hears: ['C Z 1 2 Z', 'C C Z D C Z', 'C C C Z D C Z C Z'],
    record: [
      'begin → ok BEGIN',
      "select 'old' → ok",
      'close p → ok CLOSE CURSOR',
      'declare p cursor for select 2 → ok DECLARE CURSOR',
      '(portal "p", opened by SQL) → ok SELECT 1',
      'rollback → ok ROLLBACK',
      'begin → ok BEGIN',
      'declare p cursor for select 3 → ok DECLARE CURSOR',
      '(portal "p", opened by SQL) → ok SELECT 1',
      'rollback → ok ROLLBACK',
    ],
  },
  {
    name: 'a portal fetched in pieces: each Execute is told',
    says: [
      [query('begin')],
      [parse('', 'select generate_series(1, 5)'), bind('p', ''), execute('p', 2), execute('p', 2), execute('p', 2), sync()],
      [query('commit')],
    ],
    hears: ['C Z', '1 2 D D s D D s D C Z', 'C Z'],
    record: [
      'begin → ok BEGIN',
      'select generate_series(1, 5) → ok PORTAL SUSPENDED',
      'select generate_series(1, 5) → ok PORTAL SUSPENDED',
      'select generate_series(1, 5) → ok SELECT 1',
      'commit → ok COMMIT',
    ],
  },
  {
    name: 'a portal described twice, and again once it has run',
    says: [
      [parse('', 'select 1'), bind('p', ''), describeIt('P', 'p'), describeIt('P', 'p'), execute('p'), describeIt('P', 'p'), sync()],
      [query('select 2')],
    ],
    hears: ['1 2 T T D C T Z', 'T D C Z'],
    record: ['select 1 → ok SELECT 1', 'select 2 → ok SELECT 1'],
  },
  {
    name: 'a Describe and an Execute that are skipped, and the same portal’s name in the next batch',
    says: [
      [parse('s', 'select 1'), sync()],
      [bind('', 's'), describeIt('P', ''), execute(''), bind('', 'none'), bind('', 's'), describeIt('P', ''), execute(''), sync()],
      [bind('', 's'), describeIt('P', ''), execute(''), sync()],
    ],
    hears: ['1 Z', '2 T D C E:26000 Z', '2 T D C Z'],
    record: [
      'select 1 → ok',
      'select 1 → ok SELECT 1',
      '(statement "none", prepared by SQL) → error 26000',
      'select 1 → skipped',
      'select 1 → ok SELECT 1',
    ],
  },
  {
    name: 'a portal that outlives its Sync within a transaction',
    says: [
      [query('begin')],
      [parse('', 'select generate_series(1, 3)'), bind('p', ''), execute('p', 2), sync()],
      [execute('p', 2), sync()],
      [close('P', 'p'), sync()],
    ],
    hears: ['C Z', '1 2 D D s Z', 'D C Z', '3 Z'],
    record: ['begin → ok BEGIN', 'select generate_series(1, 3) → ok PORTAL SUSPENDED', 'select generate_series(1, 3) → ok SELECT 1'],
  },
  {
    name: 'a statement that SQL prepared',
    says: [[query('prepare q as select 9')], [bind('', 'q'), execute(''), sync()], [query('execute q')]],
    hears: ['C Z', '2 D C Z', 'T D C Z'],
    record: ['prepare q as select 9 → ok PREPARE', '(statement "q", prepared by SQL) → ok SELECT 1', 'execute q → ok SELECT 1'],
  },
  {
    name: 'a cursor that SQL declared, fetched as a portal',
    says: [[query('begin; declare c cursor for select generate_series(1, 2)')], [execute('c'), sync()]],
    hears: ['C C Z', 'D D C Z'],
    record: [
      'begin → ok BEGIN',
      'declare c cursor for select generate_series(1, 2) → ok DECLARE CURSOR',
      '(portal "c", opened by SQL) → ok SELECT 2',
    ],
  },
  {
    name: 'a simple query in the middle of a batch',
    says: [[...run('select 1'), query('select 2'), ...run('select 3'), sync()]],
    hears: ['1 2 T D C T D C Z 1 2 T D C Z'],
    record: ['select 1 → ok SELECT 1', 'select 2 → ok SELECT 1', 'select 3 → ok SELECT 1'],
  },
  {
    name: 'a query that is not read because its batch has failed',
    says: [[...run('select 1/0'), query('select 2'), sync()]],
    hears: ['1 E:22012 Z'],
    record: ['select 1/0 → error 22012', 'select 2 → skipped'],
  },
  {
    name: 'what comes after an error and before its Sync is skipped too',
    says: [
      [parse('', 'selec'), flush()],
      [...run('select 2'), query('select 3'), sync(), ...run('select 4'), sync()],
    ],
    hears: ['E:42601', 'Z 1 2 T D C Z'],
    record: ['selec → error 42601', 'select 2 → skipped', 'select 3 → skipped', 'select 4 → ok SELECT 1'],
  },
  {
    name: 'many statements in one string',
    says: [[query("select 1; select 'a;b'; select 2;")], [query('select 1; select 1/0; select 2')], [query(';'), query('  ')]],
    hears: ['T D C T D C T D C Z', 'T D C E:22012 Z', 'I Z I Z'],
    record: [
      'select 1 → ok SELECT 1',
      "select 'a;b' → ok SELECT 1",
      'select 2 → ok SELECT 1',
      'select 1 → ok SELECT 1',
      'select 1/0 → error 22012',
      'select 2 → skipped',
      '; → ok',
      '   → ok',
    ],
  },
  {
    name: 'a string that does not parse fails as a whole',
    says: [[query('select 1; selec 2')]],
    hears: ['E:42601 Z'],
    record: ['select 1; selec 2 → error 42601'],
  },
  {
    name: 'an empty statement, and one without rows',
    says: [[parse('', ''), bind('', ''), execute(''), sync(), ...run("set application_name = 'x'"), sync()]],
    hears: ['1 2 I Z 1 2 n C S Z'],
    record: ['→ ok', "set application_name = 'x' → ok SET"],
  },
  {
    name: 'an error at Sync: the deferred constraint fails the statement that had gone well',
    says: [
      [
        query(
          'create temp table parents (id int primary key); create temp table children (p int references parents deferrable initially deferred)',
        ),
      ],
      [parse('', 'insert into children values (1)'), bind('', ''), execute(''), sync()],
      [query('select 1')],
    ],
    hears: ['C C Z', '1 2 C E:23503 Z', 'T D C Z'],
    record: [
      'create temp table parents (id int primary key) → ok CREATE TABLE',
      'create temp table children (p int references parents deferrable initially deferred) → ok CREATE TABLE',
      'insert into children values (1) → error 23503',
      'select 1 → ok SELECT 1',
    ],
  },
  {
    name: 'a Sync alone, and a Close of nothing',
    says: [
      [sync(), sync()],
      [close('S', 'none'), close('P', 'none'), sync()],
    ],
    hears: ['Z Z', '3 3 Z'],
    record: [],
  },
];
