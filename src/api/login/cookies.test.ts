import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fastifyCookie from '@fastify/cookie';
import { fastify } from 'fastify';
import { createCookies, originOf } from './cookies.ts';

/** The cookie lines that a listener of this kind sets, what it reads back, and the origin that it takes for its own. */
async function ask(secure: boolean, host: string, cookie = '') {
  const app = fastify();
  await app.register(fastifyCookie);
  const cookies = createCookies(secure);
  app.get('/', async (request, reply) => {
    cookies.set(request, reply, 'console', 'secret');
    cookies.set(request, reply, 'login', 'sealed', 600);
    return { console: cookies.read(request, 'console') ?? null, origin: originOf(request, secure) };
  });
  const answer = await app.inject({ url: '/', headers: { host, cookie } });
  await app.close();
  const lines = [answer.headers['set-cookie'] ?? []].flat();
  return { lines, read: answer.json<{ console: string | null; origin: string }>() };
}

describe('the console’s cookies', () => {
  test('belong over TLS to this host alone, and no script reads them', async () => {
    const { lines, read } = await ask(true, 'gate.example.com', '__Host-chaperone-console=mine; chaperone-console-443=planted');
    assert.deepEqual(lines, [
      '__Host-chaperone-console=secret; Path=/; HttpOnly; Secure; SameSite=Lax',
      '__Host-chaperone-login=sealed; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax',
    ]);
    assert.deepEqual(read, { console: 'mine', origin: 'https://gate.example.com' });
  });

  test('have on a loopback listener without TLS its port in their name', async () => {
    const { lines, read } = await ask(false, '127.0.0.1:8080', 'chaperone-console-8081=another gateway’s; __Host-chaperone-console=none');
    assert.equal(lines[0], 'chaperone-console-8080=secret; Path=/; HttpOnly; SameSite=Lax');
    assert.deepEqual(read, { console: null, origin: 'http://127.0.0.1:8080' });
    assert.match((await ask(false, '[::1]:9')).lines[0] ?? '', /^chaperone-console-9=/);
    assert.match((await ask(false, 'localhost')).lines[0] ?? '', /^chaperone-console-80=/);
  });
});
