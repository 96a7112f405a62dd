import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canonicalHost, hostOf, isLoopback } from './loopback.ts';

describe('loopback', () => {
  for (const host of [
    'localhost',
    'LocalHost',
    '127.0.0.1',
    '127.9.9.9',
    '127.255.255.255',
    '::1',
    '0:0:0:0:0:0:0:1',
    '0000::0001',
    '::ffff:127.0.0.1',
    '::FFFF:7F00:1',
  ])
    test(`${host} is`, () => assert.ok(isLoopback(host)));

  for (const host of [
    '',
    'localhost.',
    'localhost..',
    '127.0.0.1.',
    'localhost.example.com',
    'my.localhost',
    'example.com',
    '127.example.com',
    '127.1',
    '0177.0.0.1',
    '2130706433',
    '0x7f.0.0.1',
    '128.0.0.1',
    '126.255.255.255',
    '10.0.0.1',
    '0.0.0.0',
    '::',
    '::2',
    '::1%lo',
    '[::1]',
    '::127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::127.0.0.1',
    'localhost:80',
    ' localhost',
  ])
    test(`"${host}" is not`, () => assert.ok(!isLoopback(host)));
});

describe('the one spelling of a host', () => {
  const spellings: readonly (readonly [host: string, spelling: string])[] = [
    ['GATE.example.com.', 'gate.example.com'],
    ['localhost.', 'localhost'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['192.0.2.1', '192.0.2.1'],
  ];
  for (const [host, spelling] of spellings) test(`of ${host} is ${spelling}`, () => assert.equal(canonicalHost(host), spelling));
});

describe('the host of a URL', () => {
  for (const [url, host] of [
    ['http://[::1]:80/x', '::1'],
    ['http://LOCALHOST/', 'localhost'],
    ['https://127.0.0.1:8443', '127.0.0.1'],
  ] as const)
    test(`${url} is ${host}`, () => assert.equal(hostOf(new URL(url)), host));
});
