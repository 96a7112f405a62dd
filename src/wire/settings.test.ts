import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { host, port, secret, url } from './settings.ts';

describe('settings', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'chaperone-settings-'));
    process.env['CHAPERONE_SETTINGS_TEST'] = 's3cret';
    process.env['CHAPERONE_SETTINGS_EMPTY'] = '';
  });
  after(() => {
    rmSync(folder, { recursive: true });
    delete process.env['CHAPERONE_SETTINGS_TEST'];
    delete process.env['CHAPERONE_SETTINGS_EMPTY'];
  });

  test('a secret is read from the environment', () => {
    const read = secret().parse({ env: 'CHAPERONE_SETTINGS_TEST' });
    assert.equal(read.reveal(), 's3cret');
    assert.equal(JSON.stringify({ read }), '{"read":"[secret]"}');
  });

  const files = [
    { name: 'one newline at the end is dropped', content: 's3cret\n', value: 's3cret' },
    { name: 'a carriage return before it too', content: 's3cret\r\n', value: 's3cret' },
    { name: 'all else stays', content: ' s3 cret\n\n', value: ' s3 cret\n' },
  ];
  for (const { name, content, value } of files)
    test(`from a file, ${name}`, () => {
      const path = join(folder, 'password');
      writeFileSync(path, content);
      assert.equal(secret().parse({ file: path }).reveal(), value);
    });

  const refused: { name: string; given: unknown; says: RegExp }[] = [
    { name: 'a plain string', given: 'hunter2', says: /a secret may not stand in the configuration.*\{ env: NAME \}/ },
    { name: 'a number', given: 5, says: /expected a secret/ },
    { name: 'two sources', given: { env: 'A', file: 'b' }, says: /expected a secret/ },
    { name: 'a variable that is not set', given: { env: 'CHAPERONE_NOT_SET' }, says: /variable CHAPERONE_NOT_SET is not set/ },
    { name: 'an empty variable', given: { env: 'CHAPERONE_SETTINGS_EMPTY' }, says: /CHAPERONE_SETTINGS_EMPTY is empty/ },
    { name: 'a missing file', given: { file: '/nonexistent/password' }, says: /file \/nonexistent\/password cannot be read \(ENOENT\)/ },
  ];
  for (const { name, given, says } of refused)
    test(`refuses ${name}`, () => {
      const result = secret().safeParse(given);
      const message = result.error?.issues[0]?.message ?? '';
      assert.match(message, says);
      assert.doesNotMatch(message, /hunter2/);
    });

  test('a secret is marked in the JSON schema', () => {
    const schema = z.toJSONSchema(z.strictObject({ password: secret() }), { io: 'input' });
    assert.deepEqual(schema.properties?.['password'] instanceof Object && 'secret' in schema.properties['password'], true);
  });

  for (const good of ['localhost', 'db.example.com', '127.0.0.1', '::1', 'fe80::1%eth0', 'my_db', 'db.example.com.'])
    test(`${good} is a host`, () => assert.ok(host().safeParse(good).success));
  for (const bad of ['', 'http://db', 'db:5432', 'a b', '-db', '[::1]', 'user@db'])
    test(`"${bad}" is no host`, () => assert.ok(!host().safeParse(bad).success));
  const places: readonly (readonly [string, object])[] = [
    ['https://api.example.com/v1/', { origin: 'https://api.example.com', secure: true, host: 'api.example.com', port: 443, path: '/v1' }],
    ['http://127.0.0.1:9000', { origin: 'http://127.0.0.1:9000', secure: false, host: '127.0.0.1', port: 9000, path: '' }],
    ['http://[::1]:80/', { origin: 'http://[::1]', secure: false, host: '::1', port: 80, path: '' }],
  ];
  for (const [given, place] of places) test(`${given} is a place on the web`, () => assert.deepEqual(url().parse(given), place));
  const strange: readonly (readonly [string, RegExp])[] = [
    ['api.example.com', /no http or https URL/],
    ['ftp://api.example.com', /no http or https URL/],
    ['http://api.example.com', /not encrypted/],
    ['http://localhost.:1/', /not encrypted/],
    ['https://user:pw@api.example.com', /belong into credentials/],
    ['https://api.example.com/?a', /query or fragment/],
    ['https://api.example.com/#', /query or fragment/],
  ];
  for (const [given, says] of strange)
    test(`${given} is none that may be written`, () => assert.match(url().safeParse(given).error?.issues[0]?.message ?? '', says));
  for (const bad of [0, 65_536, 5.5, '5432', null]) test(`${bad} is no port`, () => assert.ok(!port().safeParse(bad).success));
});
