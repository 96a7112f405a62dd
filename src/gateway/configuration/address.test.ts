import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { leadsTo, listenAddress } from './address.ts';

describe('addresses', () => {
  const addresses: readonly (readonly [string, string, number])[] = [
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['[::1]:0', '::1', 0],
    ['localhost:65535', 'localhost', 65_535],
    ['my-host.example.com:1', 'my-host.example.com', 1],
  ];
  for (const [text, host, port] of addresses) test(`${text} is one`, () => assert.deepEqual(listenAddress.parse(text), { host, port }));
  for (const text of [
    '',
    '8080',
    ':8080',
    '127.0.0.1',
    '::1:80',
    '[::1]',
    '[127.0.0.1]:80',
    'a b:80',
    'host:65536',
    'host:-1',
    'http://host:80',
  ])
    test(`"${text}" is none`, () => assert.ok(!listenAddress.safeParse(text).success));

  const own = Object.values(networkInterfaces()).flatMap((found) => (found ?? []).map(({ address }) => address));
  const pairs: { target: string; listener: string; leads: boolean }[] = [
    { target: '127.0.0.1', listener: '127.0.0.1', leads: true },
    { target: 'localhost', listener: '127.0.0.1', leads: true },
    { target: 'localhost.', listener: '127.0.0.1', leads: true },
    { target: '127.0.0.1.', listener: '0.0.0.0', leads: true },
    { target: '::1', listener: '127.0.0.1', leads: true },
    { target: '::ffff:127.0.0.1', listener: '127.0.0.1', leads: true },
    { target: '0.0.0.0', listener: '127.0.0.1', leads: true },
    { target: '127.0.0.1', listener: '0.0.0.0', leads: true },
    { target: 'GATE.example.com.', listener: 'gate.example.com', leads: true },
    { target: 'db.example.com', listener: '0.0.0.0', leads: false },
    { target: '127.0.0.1', listener: '192.0.2.1', leads: false },
    ...own.filter((address) => !address.startsWith('fe80:')).map((target) => ({ target, listener: '0.0.0.0', leads: true })),
  ];
  for (const { target, listener, leads } of pairs)
    test(`${target} ${leads ? 'leads' : 'does not lead'} to ${listener}`, () => {
      assert.equal(leadsTo({ host: target, port: 5 }, { host: listener, port: 5 }), leads);
      assert.equal(leadsTo({ host: target, port: 5 }, { host: listener, port: 6 }), false);
      assert.equal(leadsTo({ host: target, port: 0 }, { host: listener, port: 0 }), false);
    });
});
