import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { DataPlane } from '../../../test/rig/data-plane.ts';
import { startTap } from '../../../test/rig/tap.ts';
import { startDataPlane } from '../../../test/rig/data-plane.ts';
import { protocol } from './index.ts';
import { cstring, encodeMessage, parseFields } from './messages.ts';
import { encodeStartup, parseOpening, uint32 } from './startup.ts';
import { message } from './testing/fixtures.ts';
import { needsLibpq18, runPsql } from './testing/psql.ts';
import { describeMessages, RawClient } from './testing/raw-client.ts';
import { settingsFor, sharedServer } from './testing/shared-server.ts';

const initial = (response: string, mechanism = 'OAUTHBEARER') =>
  encodeMessage('p', cstring(mechanism), uint32(Buffer.byteLength(response)), Buffer.from(response));
const bearer = (token: string) => initial(`n,,\x01auth=Bearer ${token}\x01\x01`);

describe('OAUTHBEARER', () => {
  let plane: DataPlane;
  let sent: () => Buffer;
  let stop: () => Promise<void>;
  before(async () => {
    const server = await sharedServer();
    const tap = await startTap(server.port);
    sent = () => Buffer.concat(tap.lines().map(({ request }) => request));
    stop = () => tap.close();
    plane = await startDataPlane({ protocol, settings: settingsFor(tap.port, { password: server.password }) });
  });
  after(async () => {
    await plane.close();
    await stop();
  });

  const knock = async (auth = 'oauthbearer') => {
    const client = await RawClient.dial(plane.port);
    client.send(encodeStartup('anybody', plane.connection, new Map([['options', `-c chaperone.auth=${auth}`]])));
    return client;
  };

  test('is offered to whom asks for it, alone, and opens', async () => {
    using client = await knock();
    const [offer] = await client.until('R');
    assert.equal(offer?.body.toString('latin1'), '\0\0\0\x0aOAUTHBEARER\0\0');
    client.send(bearer(await plane.token()), message.query('select 1'));
    assert.match(describeMessages(await client.until('Z', 2)), /^R .*K Z T D C Z$/);
    client.send(message.terminate());
    await client.rest();
    await plane.settled();
    assert.ok(!sent().includes('chaperone.auth') && !sent().includes('Bearer'), 'the target was told of it');
  });

  test('whoever asks for the password gets that', async () => {
    using client = await knock('password');
    assert.equal((await client.until('R'))[0]?.body.readUInt32BE(0), 3);
  });

  test('there is no other way', async () => {
    using client = await knock('kerberos');
    assert.equal(describeMessages(await client.rest()), 'E:0A000');
  });

  for (const [name, response] of [
    ['a wrong token', bearer('wrong')],
    ['no token', initial('n,,\x01auth=\x01\x01')],
  ] as const)
    test(`${name}: is told in the words of RFC 7628, and then in PostgreSQL's`, async () => {
      using client = await knock();
      await client.until('R');
      client.send(response);
      const [challenge] = await client.until('R');
      assert.deepEqual(JSON.parse(challenge?.body.toString('utf8', 4) ?? ''), { status: 'invalid_token' });
      client.send(encodeMessage('p', Buffer.from([1])));
      const [refusal] = await client.rest();
      assert.equal(refusal && parseFields(refusal.body).code, '28000');
    });

  test('a right token without access is refused at once', async () => {
    using client = await RawClient.dial(plane.port);
    client.send(encodeStartup('anybody', 'elsewhere', new Map([['options', '-c chaperone.auth=oauthbearer']])));
    await client.until('R');
    client.send(bearer(await plane.token()));
    assert.equal(describeMessages(await client.rest()), 'E:28000');
  });

  for (const [name, response] of [
    ['another mechanism', initial('n,,\x01auth=Bearer x\x01\x01', 'PLAIN')],
    ['channel binding', initial('p=tls-exporter,,\x01auth=Bearer x\x01\x01')],
    ['an identity of its own choice', initial('n,a=root,\x01auth=Bearer x\x01\x01')],
    ['another scheme', initial('n,,\x01auth=Basic eDp5\x01\x01')],
    ['a token that is none', initial('n,,\x01auth=Bearer a b\x01\x01')],
    ['two tokens', initial('n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01')],
    ['no end', initial('n,,\x01auth=Bearer a\x01')],
    ['nothing', encodeMessage('p', cstring('OAUTHBEARER'), Buffer.from([255, 255, 255, 255]))],
    ['less than it says', encodeMessage('p', cstring('OAUTHBEARER'), uint32(99), Buffer.from('n,,'))],
    ['a password', message.password('a-token')],
  ] as const)
    test(`does not pass: ${name}`, async () => {
      using client = await knock();
      await client.until('R');
      client.send(response);
      assert.equal(describeMessages(await client.rest()), 'E:28000');
    });

  test('is taken by a parameter too, where a client can send one', () => {
    const pairs = ['user', 'ada', 'chaperone.auth', 'oauthbearer'].map(cstring);
    const opening = parseOpening(Buffer.concat([uint32(3 << 16), ...pairs, Buffer.alloc(1)]));
    assert.ok(opening.kind === 'startup' && opening.bearer && opening.parameters.size === 0);
  });

  test('libpq 18 knows the offer', needsLibpq18, async () => {
    const options = "options='-c chaperone.auth=oauthbearer'";
    const where = `host=127.0.0.1 port=${plane.port} dbname=${plane.connection} user=x sslmode=disable ${options} require_auth=oauth`;
    const { code, err } = await runPsql(where, await plane.token(), "select 'hello';", 18);
    assert.equal(code, 2);
    assert.match(err, /oauth/i);
  });
});
