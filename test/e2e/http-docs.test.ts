import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { loadConfiguration } from '../../src/gateway/configuration/index.ts';
import { protocol } from '../../src/protocols/http/index.ts';
import { loadPolicies } from '../../src/stages/policy/load.ts';
import { blocksOf } from '../structure/markdown.ts';
import { openWebHouse, programPath, run, startWebTarget, type WebHouse, type WebTarget } from './http-house.ts';

/** What docs/protocols/http.md shows is run, loaded and judged here. */
const checkout = resolve(import.meta.dirname, '../..');
const blocks = blocksOf(readFileSync(join(checkout, 'docs/protocols/http.md'), 'utf8'));

describe('docs/protocols/http.md', { timeout: 60_000 }, () => {
  let target: WebTarget;
  let house: WebHouse;
  let folder = '';
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'chaperone-http-docs-'));
    target = await startWebTarget((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"id":42}');
    });
    house = await openWebHouse({
      policies: 'permit (principal, action, resource);',
      connections: [{ name: 'billing', protocol: 'http', target: { url: `${target.url}/v1` } }],
    });
  });
  after(async () => {
    await house?.[Symbol.asyncDispose]();
    await target?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);

  test('its commands work', { skip: programPath('curl') === null }, async () => {
    const [ask = '', save = '', ...others] = commands;
    assert.deepEqual(others, []);
    const there = ask.replace('https://chaperone.example.com', house.url(''));
    assert.equal(await run('sh', ['-c', there], { CHAPERONE_TOKEN: house.tokens.agent }), '{"id":42}');
    assert.equal(target.requests.at(-1)?.url, '/v1/customers/42');
    const [item] = await house.exchanges('connection=billing', (items) => items.length > 0);
    const output = join(folder, 'session.har');
    const command = save.replace(/^chaperone/, `${process.execPath} ${checkout}/bin/chaperone.js`).replace('session.har', output);
    const env = { SESSION: item?.session ?? '', CHAPERONE_TOKEN: house.tokens.auditor, CHAPERONE_SERVER: house.gateway.console };
    await run('sh', ['-c', command], env);
    const har = JSON.parse(readFileSync(output, 'utf8')) as {
      readonly log: { readonly entries: readonly { readonly response: { readonly status: number } }[] };
    };
    assert.equal(har.log.entries[0]?.response.status, 200);
  });

  for (const { language, text, line } of blocks) {
    if (language === 'cedar')
      test(`its policy at line ${line} loads`, async () => {
        const place = mkdtempSync(join(folder, 'set-'));
        writeFileSync(join(place, 'a.cedar'), text);
        const set = await loadPolicies(place, { catalogs: [protocol] });
        assert.ok('version' in set, JSON.stringify(set));
      });
    if (language === 'yaml')
      test(`its configuration at line ${line} loads`, async () => {
        const billing = { name: 'billing', protocol: 'http', target: { url: 'https://api.example.com' } };
        const configuration = {
          state: './state',
          listen: { web: { address: '127.0.0.1:8081' }, tls: { selfSigned: true } },
          identity: { issuers: [{ issuer: 'https://login.example.com', audience: 'chaperone' }] },
          connections: [billing],
          ...(parse(text) as object),
        };
        const place = mkdtempSync(join(folder, 'configuration-'));
        mkdirSync(join(place, 'policies'));
        writeFileSync(join(place, 'chaperone.yaml'), JSON.stringify(configuration));
        process.env['BILLING_TOKEN'] = 'any';
        const loaded = await loadConfiguration(join(place, 'chaperone.yaml'), new Map([[protocol.name, protocol]]));
        delete process.env['BILLING_TOKEN'];
        assert.ok(!Array.isArray(loaded), JSON.stringify(loaded));
      });
  }
});
