import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settings } from './settings.ts';

describe('credentials', () => {
  const target = { url: 'https://api.example.com' };
  const given: readonly (readonly [credentials: object, says: RegExp])[] = [
    [{ header: 'Authorization', value: 'Bearer in plain sight' }, /a secret may not stand in the configuration/],
    [{ user: 'bot', password: 'in plain sight' }, /a secret may not stand in the configuration/],
    [{ header: 'Host', value: { env: 'PATH' } }, /is a header that frames messages/],
    [{ header: 'Authorization', password: { env: 'PATH' } }, /expected \{ header, value \}/],
    [{}, /expected \{ header, value \}/],
  ];
  for (const [credentials, says] of given)
    test(`are refused for what is wrong in them: ${JSON.stringify(credentials)}`, () => {
      const { error } = settings.safeParse({ target, credentials });
      assert.match(JSON.stringify(error?.issues), says);
      assert.doesNotMatch(JSON.stringify(error?.issues.map(({ message }) => message)), /in plain sight/);
    });
});
