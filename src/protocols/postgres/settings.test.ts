import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { protocol } from './index.ts';
import { settings } from './settings.ts';

const parse = (target: object) => settings.safeParse({ target: { database: 'shop', ...target }, credentials: { user: 'shop_app' } });
const one = { host: 'db.example.com', port: 5432 };
const two = { host: 'other.example.com', port: 6543 };

describe('where a target is', () => {
  const places: readonly { readonly says: string; readonly target: object; readonly hosts: readonly object[] }[] = [
    { says: 'one host', target: { host: one.host }, hosts: [one] },
    { says: 'one host and its port', target: two, hosts: [two] },
    { says: 'several hosts', target: { hosts: [{ host: one.host }, two] }, hosts: [one, two] },
  ];
  for (const { says, target, hosts } of places)
    test(says, () => {
      const found = parse(target);
      assert.deepEqual(found.data?.target.hosts, hosts);
      assert.deepEqual(found.data && protocol.addresses(found.data), hosts);
    });

  test('what is not said', () => {
    const { targetSessionAttrs, loadBalanceHosts, connectTimeout } = settings.parse({
      target: { ...one, database: 'shop' },
      credentials: { user: 'shop_app' },
    }).target;
    assert.deepEqual([targetSessionAttrs, loadBalanceHosts, connectTimeout], ['any', 'disable', 15_000]);
  });

  const mistakes: readonly { readonly says: string; readonly target: object; readonly at: string; readonly message: RegExp }[] = [
    { says: 'no host', target: {}, at: 'target.host', message: /is missing; add host/ },
    { says: 'a port alone', target: { port: 5432 }, at: 'target.host', message: /is missing/ },
    { says: 'a host beside hosts', target: { ...one, hosts: [two] }, at: 'target.hosts', message: /stands beside host or port/ },
    { says: 'a port beside hosts', target: { port: 5432, hosts: [two] }, at: 'target.hosts', message: /stands beside host or port/ },
    { says: 'no hosts', target: { hosts: [] }, at: 'target.hosts', message: /./ },
    { says: 'a strange key in a host', target: { hosts: [{ ...one, weight: 1 }] }, at: 'target.hosts.0', message: /weight/ },
    { says: 'an attribute nobody knows', target: { ...one, targetSessionAttrs: 'master' }, at: 'target.targetSessionAttrs', message: /./ },
    { says: 'a balance nobody knows', target: { ...one, loadBalanceHosts: 'even' }, at: 'target.loadBalanceHosts', message: /./ },
    { says: 'more patience than there is', target: { ...one, connectTimeout: '2m' }, at: 'target.connectTimeout', message: /write 60s/ },
    {
      says: 'no TLS where one host is not on loopback',
      target: { hosts: [{ host: '127.0.0.1' }, one], tls: 'off' },
      at: 'target.tls',
      message: /on loopback/,
    },
  ];
  for (const { says, target, at, message } of mistakes)
    test(`${says} is a mistake`, () => {
      const [issue] = parse(target).error?.issues ?? [];
      assert.equal(issue?.path.join('.'), at);
      assert.match(issue.message, message);
    });
});
