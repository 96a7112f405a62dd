import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startApi, type Trial } from '../api/trial.test-support.ts';
import { archiveJournal } from '../archive/archiver.ts';
import { openCatalog } from '../archive/catalog.ts';
import type { CatalogReader } from '../archive/items.ts';
import { decodeRecording } from '../archive/decoded.ts';
import { readEntries } from '../archive/read.ts';
import { linesDecoder, TestJournal } from '../archive/test-journal.ts';
import { fromState } from './state-source.ts';
import { runCommand } from './trial.test-support.ts';

describe('a real archive, read through the API and from its folder', () => {
  const journal = new TestJournal();
  const openState = (folder: string) => fromState(folder, () => linesDecoder());
  let session = '';
  let catalog: CatalogReader;
  let trial: Trial;

  before(async () => {
    session = journal.session(['select name from users', 'select secret from plans']);
    journal.session(['select 3']);
    const running = archiveJournal({ state: journal.state, decoders: linesDecoder, audit: async () => {}, log: () => {} });
    running.committed(journal.position);
    await running.close();
    catalog = openCatalog(journal.state);
    trial = await startApi({ catalog, recording: (id) => decodeRecording(readEntries(journal.state, id), linesDecoder()) });
  });
  after(async () => {
    await trial.close();
    catalog.close();
    journal.remove();
  });

  const offline = (words: readonly string[]) => runCommand([...words, '--state', journal.state], { openState });
  const online = (words: readonly string[]) => runCommand([...words, '--server', trial.url], { env: { CHAPERONE_TOKEN: 'aud' } });

  const commands = [
    () => ['sessions'],
    () => ['sessions', '--json'],
    () => ['sessions', '--user', 'ada@example.com', '--since', '2020-01-01', '--limit', '1'],
    () => ['search', 'secret'],
    () => ['search', 'SECRET', '--json'],
    () => ['search', '--query', 'verdict:permitted plans'],
    () => ['search', 'verdict:permitted'],
    () => ['replay', session],
    () => ['replay', session, '--json', '--exchange', '2'],
    () => ['export', session, '--format', 'ndjson'],
  ];
  it('a query that cannot be read is wrong use both ways, and says what is meant', async () => {
    for (const ask of [offline, online]) {
      const { exit, err } = await ask(['search', '--query', 'verdikt:permitted']);
      assert.equal(exit, 2);
      assert.match(err, /There is no field "verdikt"\. Did you mean verdict\?/);
    }
  });

  it('a filter that was taken for a word is said to be', async () => {
    assert.match((await offline(['search', 'verdict:permitted'])).out, /^Nothing was found\. .*--query reads them as filters\./);
    assert.match((await offline(['search', '--query', 'verdict:permitted secret'])).out, /select secret from plans/);
  });

  for (const words of commands) {
    it(`\`${words().join(' ').trim()}\` says the same both ways`, async () => {
      const here = await offline(words());
      const there = await online(words());
      assert.equal(here.exit, 0, here.err);
      assert.notEqual(here.out, '');
      assert.deepEqual(here, there);
    });
  }

  it('a replay holds what crossed', async () => {
    const { out } = await offline(['replay', session]);
    assert.match(out, /^who +ada@example\.com/m);
    assert.match(out, /\[1\][^\n]*orders> select name from users\n/);
    assert.match(out, /\[2\][^\n]*orders> select secret from plans\n/);
    assert.match(out, /ASK 1 · 1 row · /);
  });

  it('says that a part of the journal is not archived yet', async () => {
    const more = new TestJournal();
    try {
      more.session(['select 1']);
      const { exit, err } = await runCommand(['sessions', '--state', more.state], { openState });
      assert.equal(exit, 0, err);
      assert.match(err, /bytes of the journal are not archived yet/);
    } finally {
      more.remove();
    }
  });

  it('a folder that is none is wrong use', async () => {
    const nowhere = join(tmpdir(), 'chaperone-no-such-state');
    rmSync(nowhere, { recursive: true, force: true });
    const { exit, err } = await runCommand(['sessions', '--state', nowhere], { openState });
    assert.equal(exit, 2);
    assert.match(err, /not a state folder/);
  });
});
