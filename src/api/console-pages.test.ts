import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { memoryCatalog, startApi, type Trial } from './trial.test-support.ts';

const folder = mkdtempSync(join(tmpdir(), 'chaperone-pages-'));
const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('the console’s pages', () => {
  let api: Trial;
  before(async () => {
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><meta property="csp-nonce" nonce="CSP_NONCE"><p>the console');
    const script = 'export const answer = 42;\n';
    writeFileSync(join(folder, 'assets', 'index-abc123.js'), script);
    writeFileSync(join(folder, 'assets', 'index-abc123.js.br'), brotliCompressSync(script));
    writeFileSync(join(folder, 'secret.txt'), 'not an asset');
    api = await startApi({ catalog: memoryCatalog([], []) }, { pages: folder });
  });
  after(async () => {
    await api.close();
    rmSync(folder, { recursive: true });
  });

  for (const path of ['/', '/sessions/0190163d', '/runs?q=verdict:refused'])
    test(`${path} is the page, under a policy that runs no script but the console’s own files`, async () => {
      const answer = await api.get(path, null, { headers: html });
      const text = await answer.text();
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get('content-type') ?? '', /^text\/html/);
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.equal(answer.headers.get('cross-origin-opener-policy'), 'same-origin');
      assert.equal(answer.headers.get('cross-origin-resource-policy'), 'same-origin');
      const policy = answer.headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'; script-src 'self'; /);
      assert.match(policy, /require-trusted-types-for 'script'; trusted-types 'none'/);
      assert.doesNotMatch(policy, /unsafe/);
      const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
      assert.equal(Buffer.from(nonce, 'base64').length, 16);
      assert.equal(text, `<!doctype html><meta property="csp-nonce" nonce="${nonce}"><p>the console`);
    });

  test('two answers have not one nonce', async () => {
    const [one, other] = await Promise.all([api.get('/', null, { headers: html }), api.get('/', null, { headers: html })]);
    assert.notEqual(one.headers.get('content-security-policy'), other.headers.get('content-security-policy'));
  });

  test('a file of the console is kept for ever, and comes compressed to whom can read it so', async () => {
    const answer = await api.get('/assets/index-abc123.js', null, { headers: { 'accept-encoding': 'br' } });
    assert.equal(await answer.text(), 'export const answer = 42;\n');
    assert.equal(answer.headers.get('content-encoding'), 'br');
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.match(answer.headers.get('content-type') ?? '', /^(text|application)\/javascript/);
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  });

  const nowhere: readonly (readonly [path: string, headers: Record<string, string>])[] = [
    ['/assets/none.js', html],
    ['/assets/../secret.txt', html],
    ['/assets/%2e%2e%2fsecret.txt', html],
    ['/api/v1/nothing', html],
    ['/api', html],
    ['/sessions', { accept: 'application/json' }],
    ['/sessions', { accept: '*/*' }],
  ];
  for (const [path, headers] of nowhere)
    test(`${path} for ${JSON.stringify(headers)} is nothing of the sort`, async () => {
      const answer = await api.get(path, null, { headers });
      const text = await answer.text();
      assert.doesNotMatch(text, /not an asset/);
      if (/(\.|%2e){2}/.test(path)) return;
      assert.equal(answer.status, 404);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
      assert.match(answer.headers.get('content-security-policy') ?? '', /^default-src 'none'; frame-ancestors 'none'/);
    });

  test('a page cannot be written to', async () => assert.equal((await api.post('/sessions', null, {})).status, 404));
});

test('a console that was not built says so', async () => {
  const api = await startApi({ catalog: memoryCatalog([], []) });
  const answer = await api.get('/', null, { headers: html });
  assert.equal(answer.status, 404);
  assert.match(await answer.text(), /npm run build/);
  await api.close();
});
