import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { message } from '../../src/protocols/postgres/testing/fixtures.ts';
import { int32 } from '../../src/protocols/postgres/testing/messages.ts';
import { describeMessages, RawClient } from '../../src/protocols/postgres/testing/raw-client.ts';
import { type BypassSite, openBypassSite } from './bypass-site.ts';

const { query, parse, bind, describe: describeIt, execute, close, flush, sync, functionCall, copyData, copyDone } = message;
const run = (text: string, name = '') => [parse(name, text), bind('', name), execute('')];
const deletes = 'delete from orders';

/** What is sent in one write, or in several with answers between them; what is heard last. Nothing of it may do anything. */
const games: readonly { readonly name: string; readonly says: readonly (readonly Buffer[])[]; readonly hears: readonly string[] }[] = [
  { name: 'behind a read in one batch', says: [[...run('select 1'), ...run(deletes), sync()]], hears: ['1 2 D C E:42501 Z'] },
  { name: 'behind a read, not waiting', says: [[query('select 1'), query(deletes)]], hears: ['T D C Z E:42501 Z'] },
  { name: 'prepared and not run', says: [[parse('d', deletes), describeIt('S', 'd'), sync()]], hears: ['1 t n Z'] },
  {
    name: 'prepared before and bound later',
    says: [
      [parse('d', deletes), sync()],
      [bind('', 'd'), execute(''), sync()],
    ],
    hears: ['1 Z', 'E:42501 Z'],
  },
  {
    name: 'prepared, and run by SQL',
    says: [[parse('d', deletes), sync()], [query('execute d')]],
    hears: ['1 Z', 'E:42501 Z'],
  },
  {
    name: 'prepared by SQL, and bound',
    says: [[query(`prepare d as ${deletes}`)], [bind('', 'd'), execute(''), sync()]],
    hears: ['C Z', 'E:42501 Z'],
  },
  {
    name: 'prepared under a name that a failing PREPARE seems to take',
    says: [[query(`prepare d as ${deletes}`)], [query('prepare d as select 1')], [query('execute d')]],
    hears: ['C Z', 'E:42P05 Z', 'E:42501 Z'],
  },
  {
    name: 'prepared under a name that a failing Parse seems to take',
    says: [
      [parse('d', deletes), sync()],
      [parse('d', 'select 1'), bind('', 'd'), execute(''), sync()],
      [bind('', 'd'), execute(''), sync()],
    ],
    hears: ['1 Z', 'E:42P05 Z', 'E:42501 Z'],
  },
  {
    name: 'in the place of a statement that was skipped',
    says: [
      [parse('', deletes), sync()],
      [parse('x', 'selec'), parse('', 'select 1'), sync(), bind('', ''), execute(''), sync()],
    ],
    hears: ['1 Z', 'E:42501 Z E:42501 Z'],
  },
  {
    name: 'renamed by DEALLOCATE within a batch',
    says: [[parse('s', 'select 1'), ...run('deallocate s'), ...run(`prepare s as ${deletes}`), bind('', 's'), execute(''), sync()]],
    hears: ['1 1 2 C 1 2 C E:42501 Z'],
  },
  {
    name: 'by values in a call',
    says: [[parse('', 'select lo_unlink($1)', [26]), bind('', '', ['4711']), execute(''), sync()]],
    hears: ['E:42501 Z'],
  },
  { name: 'by a FunctionCall', says: [[functionCall(964, int32(4711))]], hears: ['E:42501 Z'] },
  { name: 'by a FunctionCall of anything', says: [[functionCall(1598)]], hears: ['E:08P01 Z'] },
  {
    name: 'by copy data sent ahead',
    says: [[query('copy orders from stdin'), copyData('9\t1\t1\tx\n'), copyDone()]],
    hears: ['E:42501 Z'],
  },
  {
    name: 'by copy data sent ahead, extended',
    says: [[...run('copy orders from stdin'), copyData('9\t1\t1\tx\n'), copyDone(), sync()]],
    hears: ['E:42501 Z'],
  },
  {
    name: 'by a path set ahead',
    says: [[query('set search_path to evil, pg_catalog'), query("select upper('x')")]],
    hears: ['C Z E:42501 Z'],
  },
  {
    name: 'by a path set ahead in the batch',
    says: [[...run('set search_path to evil, pg_catalog'), ...run("select upper('x')"), sync()]],
    hears: ['1 2 C E:42501 Z'],
  },
  {
    name: 'by a path that a prepared statement meets later',
    says: [[parse('u', "select upper('x')"), sync()], [query('set search_path to evil, pg_catalog')], [bind('', 'u'), execute(''), sync()]],
    hears: ['1 Z', 'C Z', 'E:42501 Z'],
  },
  {
    name: 'by a path that a rollback brings back',
    says: [
      [query('set search_path to evil, public')],
      [query('begin'), query('set search_path to public'), query('rollback'), query('select * from users')],
    ],
    hears: ['C Z', 'C Z C Z C Z E:42501 Z'],
  },
  {
    name: 'by a path that a failing text seems to leave',
    says: [[query('set search_path to evil, public')], [query('set search_path to public; select 1/0'), query('select * from users')]],
    hears: ['C Z', 'C E:22012 Z E:42501 Z'],
  },
  {
    name: 'by a path that a failing batch takes back',
    says: [
      [query('set search_path to evil, public')],
      [...run('set search_path to public'), ...run('select 1/0'), sync(), query('select * from users')],
    ],
    hears: ['C Z', '1 2 C 1 E:22012 Z E:42501 Z'],
  },
  {
    name: 'by backslashes that a failing batch lets escape again',
    says: [
      [query('set standard_conforming_strings = off')],
      [...run('set standard_conforming_strings = on'), ...run(`select '\\x' / 0`), sync(), query(`select '\\'; ${deletes}; --'`)],
    ],
    hears: ['C Z', '1 2 C E:22P02 Z E:42501 Z'],
  },
  {
    name: 'by a path set for the transaction',
    says: [[query('begin'), query('set local search_path to evil, public'), query('select * from users')]],
    hears: ['C Z C Z E:42501 Z'],
  },
  {
    name: 'by backslashes that begin to escape',
    says: [[query('set standard_conforming_strings = off'), query(`select '\\'; ${deletes}; --'`)]],
    hears: ['C Z E:42501 Z'],
  },
  {
    name: 'by a cursor that stands in for another',
    says: [[query('begin'), query('declare c cursor for select 1'), query('close c'), query('declare c cursor for select wipe()')]],
    hears: ['C Z C Z C Z E:42501 Z'],
  },
  {
    name: 'by a portal that SQL is to fetch from',
    says: [[parse('', 'select wipe()'), bind('p', ''), ...run('fetch all from p'), sync()]],
    hears: ['E:42501 Z'],
  },
  { name: 'behind a comment', says: [[...run(`/* select 1 */ ${deletes} -- where id = 1`), sync()]], hears: ['E:42501 Z'] },
  {
    name: 'with Flush in place of Sync',
    says: [[...run('select 1'), flush(), ...run(deletes), flush(), sync()]],
    hears: ['1 2 D C E:42501 Z'],
  },
  {
    name: 'behind Close',
    says: [[parse('s', 'select 1'), close('S', 's'), parse('s', deletes), bind('', 's'), execute(''), sync()]],
    hears: ['1 3 E:42501 Z'],
  },
  { name: 'two in one Parse', says: [[...run(`select 1; ${deletes}`), sync()]], hears: ['E:42501 Z'] },
  {
    name: 'byte by byte',
    says: Array.from(Buffer.concat([...run(deletes), sync()]), (byte) => [Buffer.from([byte])]),
    hears: [],
  },
];

describe('who may only read, by the messages of the protocol', { timeout: 120_000 }, () => {
  let site: BypassSite;
  before(async () => {
    site = await openBypassSite();
  });
  after(() => site[Symbol.asyncDispose]());

  for (const { name, says, hears } of games)
    test(`a write ${name} does nothing`, async () => {
      const before = await site.evidence();
      using client = await RawClient.open(site.plane);
      for (const [index, messages] of says.entries()) {
        client.send(...messages);
        const words = hears[index];
        if (words === undefined) continue;
        const heard = await client.until('Z', words.split(' ').filter((word) => word === 'Z').length);
        // Newer servers tell of each change of the search path.
        assert.equal(describeMessages(heard.filter(({ type }) => type !== 'S')), words);
      }
      if (hears.length === 0) assert.equal(describeMessages(await client.until('Z')), 'E:42501 Z');
      assert.equal(await site.evidence(), before);
    });
});
