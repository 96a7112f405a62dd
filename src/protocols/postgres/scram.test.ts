import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bindable, boundTo, unbound } from './channel-binding.ts';
import { ScramClient, ScramFault } from './scram.ts';

/** RFC 7677 section 3, but for the user name, which PostgreSQL takes from the start-up message and leaves out here. */
const nonce = 'rOprNGfwEbeRWgbNEkqO';
const serverNonce = `${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`;
const salt = 'W22ZaJ0SNY7soEsUEjb6gQ==';

async function begun(serverFirst = `r=${serverNonce},s=${salt},i=4096`) {
  const client = new ScramClient('pencil', unbound, nonce);
  client.first();
  return { client, final: await client.final(serverFirst) };
}

describe('SCRAM-SHA-256', () => {
  test('says what RFC 7677 says a client says', async () => {
    assert.equal(new ScramClient('pencil', unbound, nonce).first(), `n,,n=,r=${nonce}`);
    const { final } = await begun();
    assert.match(final, /^c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj\)hNlF\$k0,p=[A-Za-z0-9+/]{43}=$/);
  });

  for (const [binding, header, mechanism] of [
    [unbound, 'n,,', 'SCRAM-SHA-256'],
    [bindable, 'y,,', 'SCRAM-SHA-256'],
    [boundTo(Buffer.from([0, 255])), 'p=tls-server-end-point,,', 'SCRAM-SHA-256-PLUS'],
  ] as const)
    test(`binds the channel by ${header}`, async () => {
      const client = new ScramClient('pencil', binding, nonce);
      assert.equal(client.mechanism, mechanism);
      assert.equal(client.first(), `${header}n=,r=${nonce}`);
      const said = Buffer.from(/^c=([^,]+),/.exec(await client.final(`r=${serverNonce},s=${salt},i=4096`))?.[1] ?? '', 'base64');
      assert.deepEqual(said, Buffer.concat([Buffer.from(header), binding.data]));
    });

  for (const [name, first] of [
    ['another nonce', `r=other${serverNonce},s=${salt},i=4096`],
    ['our nonce alone', `r=${nonce},s=${salt},i=4096`],
    ['an empty nonce', `r=,s=${salt},i=4096`],
    ['no salt', `r=${serverNonce},i=4096`],
    ['no iterations', `r=${serverNonce},s=${salt},i=0`],
    ['negative iterations', `r=${serverNonce},s=${salt},i=-1`],
    ['iterations in words', `r=${serverNonce},s=${salt},i=many`],
    ['more iterations than anybody has time for', `r=${serverNonce},s=${salt},i=1000001`],
    ['iterations over 32 bits', `r=${serverNonce},s=${salt},i=4294967297`],
    ['a mandatory extension', `m=x,r=${serverNonce},s=${salt},i=4096`],
    ['nothing', ''],
    ['an error', 'e=other-error'],
  ] as const)
    test(`turns from a server that sends ${name}`, () => assert.rejects(begun(first), ScramFault));

  for (const [name, final] of [
    ['nothing', ''],
    ['an empty signature', 'v='],
    ['another signature', 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='],
    ['an error', 'e=invalid-proof'],
    ['a longer one', `v=${Buffer.alloc(64).toString('base64')}`],
  ] as const)
    test(`does not believe a server whose proof is ${name}`, async () => {
      const { client } = await begun();
      assert.throws(() => client.verify(final), ScramFault);
    });

  test('does not believe a server that skips the exchange', () => {
    const client = new ScramClient('pencil', unbound, nonce);
    client.first();
    assert.throws(() => client.verify('v='), ScramFault);
  });

  test('takes a nonce of its own each time', () => assert.notEqual(new ScramClient('x').first(), new ScramClient('x').first()));
});
