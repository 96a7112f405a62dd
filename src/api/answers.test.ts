import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { ChaperoneError } from '../core/errors.ts';
import { linesOf, exchangeItem, memoryCatalog, people, sessionItem, startApi, type Trial } from './trial.test-support.ts';

interface ProblemAnswer {
  readonly type: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
  readonly errors?: { readonly parameter: string; readonly message: string }[];
}

const sessions = Array.from({ length: 3 }, () => sessionItem(people['ada'] ?? null));
const own = sessions[0] ?? sessionItem(null);
const catalog = memoryCatalog(
  sessions,
  sessions.map((session) => exchangeItem(session)),
);

describe('the API answers', () => {
  let trial: Trial;
  before(async () => {
    trial = await startApi({ catalog });
  });
  after(() => trial.close());
  afterEach(() => {
    trial.audits.length = 0;
    trial.auditFault = null;
    trial.ready = null;
  });

  const invalid = [
    ['/api/v1/sessions?limit=0', 'limit', />=1/],
    ['/api/v1/sessions?limit=1001', 'limit', /<=1000/],
    ['/api/v1/sessions?limit=many', 'limit', /number/],
    ['/api/v1/sessions?limit=1&limit=2', 'limit', /number/],
    ['/api/v1/sessions?status=open', 'status', /active.*ended.*interrupted.*refused/],
    ['/api/v1/sessions?since=yesterday', 'since', /RFC 3339/],
    ['/api/v1/sessions?since=2026-13-01T00:00:00Z', 'since', /RFC 3339/],
    ['/api/v1/sessions?usr=ada', 'usr', /allowed are user, agent/],
    ['/api/v1/sessions?token=x', 'token', /no such parameter/],
    [`/api/v1/sessions/${own.id}?x=1`, 'x', /takes none/],
    [`/api/v1/sessions/${own.id}/export`, 'format', /ndjson/],
    [`/api/v1/sessions/${own.id}/export?format=gif`, 'format', /ndjson.*asciicast/],
    ['/api/v1/exchanges?effect=destroy', 'effect', /read.*write/],
    ['/api/v1/exchanges?q=', 'q', />=1/],
  ] as const;
  for (const [at, parameter, message] of invalid) {
    it(`refuses ${at} and says what is allowed`, async () => {
      const response = await trial.get(at, 'ada');
      const answer = (await response.json()) as ProblemAnswer;
      assert.equal(response.status, 400);
      assert.equal(answer.code, 'REQUEST_INVALID');
      assert.equal(answer.type, 'urn:chaperone:error:REQUEST_INVALID');
      assert.equal(answer.status, 400);
      assert.equal(answer.errors?.[0]?.parameter, parameter);
      assert.match(answer.errors?.[0]?.message ?? '', message);
      assert.notEqual(answer.hint, '');
    });
  }

  for (const [method, at] of [
    ['GET', '/nowhere'],
    ['GET', '/api/v1/nowhere'],
    ['POST', '/api/v1/sessions'],
    ['DELETE', `/api/v1/sessions/${own.id}`],
  ] as const) {
    it(`knows no ${method} ${at}`, async () => {
      const response = await trial.get(at, 'ada', { method });
      assert.equal(response.status, 404);
      assert.equal(((await response.json()) as ProblemAnswer).code, 'NOT_FOUND');
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    });
  }

  it('a path that cannot be decoded is a problem document', async () => {
    const response = await trial.get('/api/v1/sessions/%zz', 'ada');
    assert.equal(response.status, 400);
    assert.equal(((await response.json()) as ProblemAnswer).code, 'REQUEST_INVALID');
  });

  it('pages by cursor, with fifty as the default', async () => {
    const first = (await (await trial.get('/api/v1/sessions?limit=2', 'ada')).json()) as { items: object[]; next: string };
    const second = (await (await trial.get(`/api/v1/sessions?limit=2&cursor=${first.next}`, 'ada')).json()) as typeof first;
    assert.equal(first.items.length, 2);
    assert.deepEqual([...first.items, ...second.items], sessions);
    assert.equal(second.next, null);
  });

  it('an exchange comes whole', async () => {
    const page = await (await trial.get(`/api/v1/sessions/${own.id}/exchanges`, 'ada')).json();
    assert.deepEqual(page, { items: [exchangeItem(own)], next: null });
  });

  it('a recording comes as lines, and who looked is on the trail', async () => {
    const response = await trial.get(`/api/v1/sessions/${own.id}/recording`, 'ada');
    assert.match(response.headers.get('content-type') ?? '', /^application\/x-ndjson/);
    assert.equal(
      await response.text(),
      linesOf(own.id)
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
    );
    const someone = 'ada (https://login.example.test)';
    assert.deepEqual(trial.audits, [
      { event: 'recording.read', actor: someone, detail: { session: own.id, connection: 'orders', of: someone } },
    ]);
  });

  const looks = [
    { at: `/api/v1/sessions/${own.id}/recording`, by: 'aud', event: 'recording.read' },
    { at: `/api/v1/sessions/${own.id}/export?format=ndjson`, by: 'ada', event: 'recording.exported' },
    { at: `/api/v1/sessions/${own.id}/exchanges`, by: 'aud', event: 'exchanges.read' },
    { at: `/api/v1/sessions/${own.id}/exchanges`, by: 'ada', event: null },
    { at: '/api/v1/exchanges?q=users', by: 'aud', event: 'exchanges.searched' },
    { at: '/api/v1/exchanges?q=users', by: 'ada', event: null },
    { at: '/api/v1/sessions', by: 'aud', event: null },
  ];
  for (const { at, by, event } of looks) {
    it(`GET ${at.replace(own.id, 'ID')} by ${by} leaves ${event ?? 'nothing'} on the trail`, async () => {
      assert.equal((await trial.get(at, by)).status, 200);
      assert.deepEqual(
        trial.audits.map((audit) => audit.event),
        event === null ? [] : [event],
      );
    });
    if (event === null) continue;
    it(`GET ${at.replace(own.id, 'ID')} by ${by} shows nothing when that cannot be recorded`, async () => {
      trial.auditFault = new Error('disk full');
      const response = await trial.get(at, by);
      const text = await response.text();
      assert.equal(response.status, 503);
      assert.match(text, /RECORDER_FAULT/);
      assert.doesNotMatch(text, /select/);
    });
  }

  it('is ready, or says why not', async () => {
    assert.deepEqual(await (await trial.get('/readyz')).json(), { status: 'ready', activeSessions: 3 });
    trial.ready = 'the journal cannot be written: no space left';
    const response = await trial.get('/readyz');
    assert.equal(response.status, 503);
    assert.match(((await response.json()) as ProblemAnswer).detail, /no space left/);
    assert.equal((await trial.get('/healthz')).status, 200);
  });

  it('shows metrics of the gateway, the API and the process', async () => {
    await (await trial.get(`/api/v1/sessions/${own.id}`, 'ada')).text();
    const text = await (await trial.get('/metrics')).text();
    for (const line of [
      'chaperone_ready 1',
      'chaperone_sessions_active 3',
      'chaperone_exchanges_total{connection="orders"} 5',
      'chaperone_exchanges_total{connection="billing"} 7',
      'chaperone_journal_bytes 11',
    ])
      assert.ok(text.includes(`${line}\n`), line);
    assert.match(text, /chaperone_api_request_duration_seconds_count\{method="GET",route="\/api\/v1\/sessions\/:id",status="200"\}/);
    assert.match(text, /process_cpu_seconds_total/);
    assert.doesNotMatch(text, /ada/);
    assert.equal(text.match(/# TYPE chaperone_exchanges_total counter/g)?.length, 1);
  });

  it('a fault of the catalog is told to the log and not to the client', async () => {
    const broken = await startApi({
      catalog: {
        ...catalog,
        sessions: () => {
          throw new Error('/secret/path is corrupt');
        },
        exchanges: () => {
          throw new ChaperoneError('REQUEST_INVALID', 'this is not a cursor of this list');
        },
      },
    });
    try {
      const fault = await broken.get('/api/v1/sessions', 'ada');
      assert.equal(fault.status, 500);
      assert.doesNotMatch(await fault.text(), /secret/);
      assert.match(JSON.stringify(broken.faults), /secret\/path is corrupt/);
      const cursor = await broken.get('/api/v1/exchanges?cursor=zzz', 'ada');
      assert.equal(cursor.status, 400);
      assert.match(await cursor.text(), /not a cursor/);
    } finally {
      await broken.close();
    }
  });
});

describe('the OpenAPI document', () => {
  it('describes every route, its parameters, who may call it and its problems', async () => {
    const trial = await startApi({ catalog });
    try {
      const document = (await (await trial.get('/api/v1/openapi.json')).json()) as {
        openapi: string;
        paths: Record<
          string,
          { get: { security: object[]; parameters?: { name: string; in: string }[]; responses: Record<string, object> } }
        >;
        components: { schemas: Record<string, object> };
      };
      assert.match(document.openapi, /^3\.1/);
      assert.deepEqual(document.paths['/healthz']?.get.security, []);
      const { get } = document.paths['/api/v1/sessions/{id}/exchanges'] ?? assert.fail('no exchanges');
      assert.deepEqual(get.security, [{ token: [] }, { cookie: [] }]);
      assert.deepEqual(get.parameters?.map(({ name }) => name).sort(), ['cursor', 'from', 'id', 'limit']);
      assert.ok('default' in get.responses);
      for (const name of ['Session', 'Exchange', 'Problem', 'AuditEvent', 'Connection'])
        assert.ok(name in document.components.schemas, name);
    } finally {
      await trial.close();
    }
  });
});

describe('the listener', () => {
  const status = (port: number, headers: Record<string, string>) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path: '/healthz', headers }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      sent.on('error', reject).end();
    });

  it('on loopback answers to loopback names only', async () => {
    const trial = await startApi({ catalog });
    const port = Number(new URL(trial.url).port);
    try {
      for (const host of ['127.0.0.1', `127.0.0.1:${port}`, 'localhost:1', '[::1]:8080', 'LOCALHOST', '127.9.9.9'])
        assert.equal((await status(port, { host })).status, 200, host);
      for (const host of ['rebind.example', '127.0.0.1.example', 'localhost.example:80', '10.0.0.1', '0.0.0.0', '127.0.0.1@x', '[::2]']) {
        const answer = await status(port, { host });
        assert.equal(answer.status, 400, host);
        assert.match(answer.body, /REQUEST_INVALID/);
      }
    } finally {
      await trial.close();
    }
  });

  it('takes headers of up to 64 KiB, and says so above', async () => {
    const trial = await startApi({ catalog });
    const port = Number(new URL(trial.url).port);
    try {
      assert.equal((await status(port, { authorization: `Bearer ${'x'.repeat(60_000)}` })).status, 200);
      const over = await status(port, { authorization: `Bearer ${'x'.repeat(70_000)}` });
      assert.equal(over.status, 431);
      assert.match(over.body, /64 KiB/);
    } finally {
      await trial.close();
    }
  });

  it('answers what is not HTTP with a problem document', async () => {
    const trial = await startApi({ catalog });
    const socket = connect(Number(new URL(trial.url).port), '127.0.0.1');
    try {
      let text = '';
      socket.setEncoding('utf8').on('data', (more: string) => (text += more));
      socket.write('\x16\x03\x01hello\r\n\r\n');
      await once(socket, 'close');
      assert.match(text, /^HTTP\/1\.1 400 Bad Request/);
      assert.match(text, /problem\+json/);
    } finally {
      socket.destroy();
      await trial.close();
    }
  });

  it('an address in use is one clear fault', async () => {
    const trial = await startApi({ catalog });
    try {
      const listen = { host: '127.0.0.1', port: Number(new URL(trial.url).port) };
      await assert.rejects(startApi({ catalog }, { listen }), /listen\.console \(127\.0\.0\.1:\d+\) cannot be opened: .*EADDRINUSE/);
    } finally {
      await trial.close();
    }
  });
});
