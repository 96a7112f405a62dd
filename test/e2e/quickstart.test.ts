import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { databaseHome, openFolder, type QuickstartFolder } from '../../src/cli/quickstart/folder.ts';
import { type IdentityProvider, startIdentityProvider } from '../../src/cli/quickstart/identity-provider.ts';
import { alive, checkout, type Demonstration, eventually, installed, paste, startDemonstration, temporaryFolder } from './demonstration.ts';

describe('the embedded database', { timeout: 60_000, skip: process.platform !== 'linux' }, async () => {
  const { path, remove } = await temporaryFolder();
  const holders: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of holders.splice(0)) child.kill('SIGKILL');
    await eventually(() => !existsSync(pidFile));
  });
  after(remove);
  const pidFile = join(databaseHome(path), 'data', 'postmaster.pid');

  /** A process that holds a database and does nothing else. */
  async function holder() {
    const source = (name: string) => JSON.stringify(new URL(`../../src/cli/quickstart/${name}.ts`, import.meta.url).href);
    const code = `
      const { openFolder } = await import(${source('folder')});
      const { startDatabase } = await import(${source('embedded-database')});
      const folder = await openFolder(${JSON.stringify(path)});
      await startDatabase({ home: folder.database, log: folder.path('log'), password: 'sesame', fresh: false });
      console.log('up');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'pipe'] });
    holders.push(child);
    let fault = '';
    child.stderr.on('data', (chunk: Buffer) => (fault += chunk.toString()));
    const up = await Promise.race([once(child.stdout, 'data').then(() => true), once(child, 'exit').then(() => false)]);
    return { child, up, fault: () => fault };
  }

  const serverPid = () => Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  const parentOf = (pid: number) => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
  const childrenOf = (pid: number) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

  test('does not survive its demonstration, not even a SIGKILL', async () => {
    const { child } = await holder();
    const pid = serverPid();
    assert.ok(alive(pid));
    child.kill('SIGKILL');
    assert.ok(await eventually(() => !alive(pid)));
  });

  test('left over because its keeper was killed too, it is stopped by the next start', async () => {
    const { child } = await holder();
    const pid = serverPid();
    const keeper = parentOf(pid);
    const watchers = childrenOf(keeper).filter((other) => other !== pid);
    for (const victim of [...watchers, keeper]) process.kill(victim, 'SIGKILL');
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.ok(alive(pid), 'an orphan for the next start to find');
    const next = await holder();
    assert.ok(next.up, next.fault());
    assert.ok(!alive(pid), 'the orphan was stopped');
  });

  test('a second demonstration in the same folder is refused and harms nothing', async () => {
    const first = await holder();
    const pid = serverPid();
    const second = await holder();
    assert.equal(second.up, false);
    assert.match(second.fault(), /already running/);
    assert.ok(alive(pid));
    first.child.kill('SIGKILL');
    assert.ok(await eventually(() => !alive(pid)));
  });
});

describe('the embedded identity provider', { timeout: 60_000 }, async () => {
  const { path, remove } = await temporaryFolder();
  let folder: QuickstartFolder;
  let identity: IdentityProvider;
  let keys: ReturnType<typeof createRemoteJWKSet>;
  before(async () => {
    folder = await openFolder(path);
    identity = await startIdentityProvider(folder, 0, 8080);
    keys = createRemoteJWKSet(new URL(`${identity.issuer}/jwks`));
  });
  after(async () => {
    await identity.stop();
    folder.release();
    await remove();
  });

  const holders = [
    { name: 'dana', groups: ['engineering'] },
    { name: 'omar', groups: ['dba', 'engineering'] },
    { name: 'ada', groups: ['audit'] },
    { name: 'sam', groups: ['sales'] },
  ];
  for (const { name, groups } of holders)
    test(`gives ${name} a token with their groups`, async () => {
      const { payload, protectedHeader } = await jwtVerify(await identity.person(name), keys, {
        issuer: identity.issuer,
        audience: 'chaperone',
      });
      assert.equal(protectedHeader.typ, 'at+jwt');
      assert.deepEqual(
        [payload.sub, payload['groups'], payload['email'], payload['act']],
        [name, groups, `${name}@example.test`, undefined],
      );
    });

  test('exchanges the engineer’s token for one that names the agent too, and that one no further', async () => {
    const token = await identity.agentFor(await identity.person('dana'));
    const { payload } = await jwtVerify(token, keys, { issuer: identity.issuer, audience: 'chaperone' });
    assert.deepEqual([payload.sub, payload['act'], payload['client_id']], ['dana', { sub: 'cursor' }, 'cursor']);
    await assert.rejects(identity.agentFor(token), /HTTP 400/);
    await assert.rejects(identity.agentFor('x.y.z'), /HTTP 400/);
  });

  test('gives no token to strangers, and an expired one to whoever asks for it', async () => {
    await assert.rejects(identity.person('mallory'), /HTTP 400/);
    assert.ok((decodeJwt(await identity.person('dana', -600)).exp ?? 0) < Date.now() / 1000);
    const answer = await fetch(`${identity.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('terminal:wrong')}` },
      body: new URLSearchParams({ grant_type: 'urn:chaperone:demonstration:person', person: 'dana' }),
    });
    assert.equal(answer.status, 401);
  });

  test('keeps its library’s warnings in a file', async () => {
    assert.match(await readFile(folder.path('identity-provider.log'), 'utf8'), /in-memory adapter/);
  });
});

describe('the quickstart', { timeout: 120_000 }, async () => {
  const { path, remove } = await temporaryFolder();
  let demo: Demonstration;
  before(async () => {
    demo = await startDemonstration(path);
  });
  after(async () => {
    if (demo?.process.exitCode === null) await demo.stop();
    await remove();
  });
  const token = (role: string) => readFileSync(join(path, 'tokens', `${role}.jwt`), 'utf8');
  const api = async (role: string, route: string): Promise<unknown> => {
    const answer = await fetch(`${demo.console}/api/v1${route}`, { headers: { authorization: `Bearer ${token(role)}` } });
    assert.equal(answer.status, 200, `${route} for ${role}`);
    return answer.json();
  };

  test('says that it is a demonstration, and no library adds a word', () => {
    assert.match(demo.output(), /DEMONSTRATION: loopback only/);
    assert.doesNotMatch(demo.output(), /WARNING|NOTICE|ExperimentalWarning|failed/);
  });

  test('every printed command works when pasted', async () => {
    const commands = demo
      .output()
      .split('\n')
      .filter((line) => /^ {2}(PGPASSWORD=|\.\/bin\/chaperone\.js|curl |git )/.test(line));
    assert.ok(commands.length >= 5, demo.output());
    const psql = await installed('psql');
    for (const command of commands) {
      if (/^ *PGPASSWORD/.test(command) && !psql) continue;
      const { code, out, err } = await paste(command.trim());
      assert.equal(code, 0, `${command}\n${out}${err}`);
      if (!command.includes(' psql ')) assert.ok(out.trim() !== '', `${command} printed nothing`);
    }
  });

  test('the agent waited for a DBA, who has let its statement pass by a printed command', async () => {
    let found: { verdict: string | null; tag: string | null; approval: string | null }[] = [];
    assert.ok(
      await eventually(async () => {
        const { items } = (await api('auditor', '/exchanges?q=paid_at&limit=100')) as { items: (typeof found)[number][] };
        found = items.filter(({ verdict }) => verdict === 'approved');
        return found.length === 1;
      }),
    );
    assert.match(found[0]?.tag ?? '', /^DELETE [1-9]/);
    assert.ok(demo.output().includes(`approve ${found[0]?.approval}`));
  });

  test('bank accounts are masked for the agent and on record, and shown to the DBA', async () => {
    const asked = 'select iban, birth_date, email, phone, iban || name as more from customers where id = 4711';
    const seenBy = async (role: string) => {
      const words = `connect orders --execute "${asked}" --token-file ${join(path, 'tokens', `${role}.jwt`)} --port ${demo.database.port}`;
      const { out, err } = await paste(`./bin/chaperone.js ${words}`);
      return out + err;
    };
    const masked = await seenBy('agent');
    for (const words of ['***9049', '1970-01-01', 'l***@***.com', '***409', '[redacted:iban]'])
      assert.ok(masked.includes(words), `${words} in ${masked}`);
    assert.match(await seenBy('dba'), /DE97500105172955999049/);
    const { items } = (await api('auditor', '/sessions?run=demo-1')) as { items: { id: string }[] };
    const answer = await fetch(`${demo.console}/api/v1/sessions/${items[0]?.id}/recording`, {
      headers: { authorization: `Bearer ${token('auditor')}` },
    });
    const recording = await answer.text();
    assert.match(recording, /l\*\*\*@\*\*\*\.com/);
    assert.doesNotMatch(recording, /DE97500105172955999049|1963-05-04|7306409/);
  });

  test('nobody empties a table, not even the DBA', async () => {
    const asDba = (statement: string) =>
      paste(
        `./bin/chaperone.js connect orders --execute "${statement}" --token-file ${join(path, 'tokens', 'dba.jwt')} --port ${demo.database.port}`,
      );
    const { code, err } = await asDba('truncate payments');
    assert.equal(code, 1);
    assert.match(err, /TRUNCATE on public\.payments is refused by "no-truncate": Nothing is emptied as a whole/);
  });

  test('the sample traffic is on record, the refused among it', async () => {
    const { items } = (await api('auditor', '/sessions?limit=100')) as {
      items: { run: string | null; status: string; principal: { agent: string | null } | null; refused: number }[];
    };
    const played = items.filter(({ run }) => run?.startsWith('demo-') && run !== 'demo-4');
    assert.equal(played.filter(({ status }) => status === 'refused').length, 2);
    assert.equal(played.filter(({ status, principal }) => status === 'ended' && principal?.agent === 'cursor').length, 3);
  });

  test('what the agent asked of the API and pushed is on record, with what was turned away', async () => {
    const asked = async (connection: string) => {
      const { items } = (await api('auditor', `/exchanges?connection=${connection}&limit=100`)) as {
        items: { action: string; text: string; verdict: string; policies: string[] }[];
      };
      return items.map(({ action, text, verdict, policies }) => ({ asked: `${action} ${text}`, verdict, policies }));
    };
    const ofBilling = await asked('billing');
    assert.ok(ofBilling.some(({ asked: words, verdict }) => words.startsWith('http:POST POST /refunds') && verdict === 'permitted'));
    const refused = [...ofBilling, ...(await asked('web-app'))].filter(({ verdict }) => verdict === 'refused');
    assert.deepEqual(refused.flatMap(({ policies }) => policies).toSorted(), ['billing-keeps-customers', 'no-secrets-in-git']);
    const { items } = (await api('auditor', '/exchanges?q=Intl.NumberFormat')) as { items: { action: string }[] };
    assert.deepEqual(
      items.map(({ action }) => action),
      ['git:create'],
      'a pushed line is found',
    );
  });

  test('secrets are for their owner only, and in no output, log or record', async () => {
    assert.equal((await stat(path)).mode & 0o777, 0o700);
    for (const folder of ['secrets', 'tokens'])
      for (const name of await readdir(join(path, folder))) assert.equal((await stat(join(path, folder, name))).mode & 0o777, 0o600, name);
    const secrets = ['superuser', 'shop_app', 'billing', 'web-app'].map((name) =>
      readFileSync(join(path, 'secrets', name), 'utf8').replace('Bearer ', ''),
    );
    const tokens = ['agent', 'engineer', 'dba', 'auditor', 'stranger'].map(token);
    const files = (await readdir(path, { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile() && !/\/(secrets|tokens)$/.test(entry.parentPath),
    );
    for (const text of [demo.output(), ...files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))])
      for (const secret of [...secrets, ...tokens]) assert.ok(!text.includes(secret));
  });

  test('SIGTERM stops everything', async () => {
    const pid = Number((await readFile(join(databaseHome(path), 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
    assert.equal(await demo.stop(), 0, demo.output());
    assert.ok(!alive(pid), 'the orphan was stopped');
  });

  test('a second start finds what the first left and plays nothing anew', async () => {
    demo = await startDemonstration(path);
    assert.doesNotMatch(demo.output(), /playing|waits for a DBA/);
    const { items } = (await api('auditor', '/sessions?run=demo-1')) as { items: unknown[] };
    assert.equal(items.length, 1);
  });

  test('listens nowhere but on loopback', async () => {
    const { code, out, err } = await paste(
      `${JSON.stringify(process.execPath)} ${join(checkout, 'src/main.ts')} quickstart --state ${path}-2 --address 0.0.0.0`,
    );
    assert.equal(code, 2, out + err);
    assert.match(err, /loopback only/);
  });
});
