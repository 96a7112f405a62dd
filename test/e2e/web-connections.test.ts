import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ConnectionItem, TrialReport } from '../../src/api/gateway-port.ts';
import { eventually } from './demonstration.ts';
import { openWebHouse, startWebTarget, type WebHouse, type WebTarget } from './http-house.ts';

const policies = `
@id("workers") permit (principal in Group::"engineering", action, resource);
@id("admins") permit (principal in Group::"platform", action, resource in Connection::"api");
`;
const [first, second] = ['Bearer of-the-first', 'Bearer of-the-second'];

describe('connections of the web that are made in the console', { timeout: 120_000 }, () => {
  let house: WebHouse;
  let old: WebTarget;
  let next: WebTarget;
  before(async () => {
    const answering = (mine: string, name: string) =>
      startWebTarget((request, response) => {
        response.writeHead(request.headers.authorization === mine ? 200 : 401, { 'content-type': 'application/json' });
        response.end(request.method === 'HEAD' ? '' : JSON.stringify({ name }));
      });
    [house, old, next] = await Promise.all([
      openWebHouse({ connections: [], policies }),
      answering(first, 'the first'),
      answering(second, 'the second'),
    ]);
  });
  after(() => Promise.all([house, old, next].map((each) => each[Symbol.asyncDispose]())));

  const call = (method: string, route: string, body?: object) =>
    fetch(`${house.gateway.console}/api/v1/connections${route}`, {
      method,
      headers: {
        authorization: `Bearer ${house.tokens.admin}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(method !== 'POST' && { 'if-match': '*' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  const leadingTo = (target: WebTarget, value: string) => ({
    protocol: 'http',
    target: { url: target.url },
    credentials: { header: 'Authorization', value },
  });
  const attempt = async (connection: object) => (await (await call('POST', '/test', { name: 'api', ...connection })).json()) as TrialReport;

  test('are tried by what they will be used with', async () => {
    const good = await attempt(leadingTo(old, first));
    assert.deepEqual([good.failure, good.says], [null, '200 OK']);
    const wrong = await attempt(leadingTo(old, 'Bearer wrong'));
    assert.deepEqual([wrong.failure?.step, wrong.failure?.code], ['authenticate', 'TARGET_REFUSED']);
    const metadata = await attempt({ protocol: 'http', target: { url: 'https://169.254.169.254/latest' } });
    assert.deepEqual([metadata.failure?.step, metadata.failure?.code], ['connect', 'TARGET_UNREACHABLE']);
    assert.equal(old.requests[0]?.method, 'HEAD');
  });

  test('are used at once, and lead elsewhere from the next request on', async () => {
    assert.equal((await house.ask('/api/items')).status, 403);
    const made = await call('POST', '', { name: 'api', ...leadingTo(old, first) });
    assert.equal(made.status, 201);
    const { serving } = (await made.json()) as ConnectionItem;
    assert.deepEqual(serving, { listener: 'web', address: `127.0.0.1:${house.webPort}`, paths: true });
    assert.deepEqual(await (await house.ask('/api/items')).json(), { name: 'the first' });
    const changed = await call('PUT', '/api', leadingTo(next, second));
    assert.equal(changed.status, 200, await changed.text());
    assert.deepEqual(await (await house.ask('/api/items')).json(), { name: 'the second' });
    assert.ok(!next.requests.some(({ headers }) => headers.authorization === first), 'the one target was sent the other’s credential');
    const ended = await eventually(async () =>
      (await house.sessions()).some(({ reason }) => reason?.includes('was changed by amy') === true),
    );
    assert.ok(ended, 'no session says who changed its connection');
  });

  test('know the routes of a document that is uploaded, whose operations alone are kept', async () => {
    const document = (paths: object) => JSON.stringify({ openapi: '3.1.0', info: { title: 'not kept' }, paths });
    const described = (text: string, value: unknown) => ({
      protocol: 'http',
      target: { url: next.url, openapi: { document: text } },
      credentials: { header: 'Authorization', value },
    });
    const wrong = await call('PUT', '/api', described('openapi: 3.1.0\npaths: {\n', { keep: true }));
    assert.equal(wrong.status, 400);
    assert.match(await wrong.text(), /target\.openapi\.document cannot be read: .* at line 3, column 1/);
    const long = await call('PUT', '/api', described(' '.repeat(2 * 1024 * 1024 + 1), { keep: true }));
    assert.match(await long.text(), /is longer than 2097152 characters/);
    // It says what is there, and not where: the secret may stay.
    const changed = await call('PUT', '/api', described(document({ '/items': { get: { operationId: 'listItems' } } }), { keep: true }));
    assert.equal(changed.status, 200);
    const text = await changed.text();
    assert.ok(!text.includes('not kept'));
    const { written, target } = JSON.parse(text) as ConnectionItem;
    assert.deepEqual(written?.['target'], { url: next.url, openapi: { operations: ['GET /items listItems'] } });
    assert.deepEqual(target['openapi'], { operations: 1 });
    assert.deepEqual(await (await house.ask('/api/items')).json(), { name: 'the second' });
    assert.equal((await house.ask('/api/elsewhere')).status, 200);
    const items = await house.exchanges('action=http:GET-unknown', (found) => found.length > 0);
    assert.match(items[0]?.text ?? '', /\/elsewhere/);
  });

  test('are gone for whoever comes once they are removed', async () => {
    assert.equal((await call('DELETE', '/api')).status, 200);
    const answer = await house.ask('/api/items');
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /no such connection/);
  });
});
