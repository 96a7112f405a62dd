import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { freePorts } from '../rig/gateway.ts';
import { installed } from './demonstration.ts';
import { type House, openHouse, type Person, run } from './house.ts';
import { knock } from './wire-client.ts';

interface Case {
  readonly name: string;
  readonly token: () => string | Promise<string>;
  readonly connection?: string;
  /** Chaperone's code in the record. */
  readonly code: string;
  readonly message: RegExp;
  readonly hint: RegExp;
  /** Null where nobody could be verified. */
  readonly subject: string | null;
  /** What only the record may say. */
  readonly detail?: RegExp;
}

let house: House;
let unreachableIssuer = '';
const handedOut: string[] = [];

/** Claims as the house's issuer would write them. */
function claims(more: Readonly<Record<string, unknown>> = {}) {
  const now = Math.floor(Date.now() / 1000);
  const usual = { iss: house.issuer.url, aud: house.issuer.audience, sub: 'dana', groups: ['engineering'], iat: now, exp: now + 3600 };
  return { ...usual, ...more };
}

async function publishedKey(): Promise<JWK> {
  const { keys } = (await (await fetch(`${house.issuer.url}/jwks`)).json()) as { keys: JWK[] };
  const [key] = keys;
  assert.ok(key);
  return key;
}

async function signedByAnother(kid: string | undefined, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256');
  return new SignJWT(claims(more)).setProtectedHeader({ alg: 'ES256', ...(kid && { kid }) }).sign(privateKey);
}

/** The public key passed off as a shared secret (RFC 8725 section 2.1). */
async function signedWithThePublicKey(): Promise<string> {
  const jwk = await publishedKey();
  const pem = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const secret = new TextEncoder().encode(pem);
  return new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: jwk.kid ?? '' }).sign(secret);
}

const hour = 3600;
const now = () => Math.floor(Date.now() / 1000);
const newToken = /Get a new token from your issuer/;

const cases: readonly Case[] = [
  {
    name: 'wrong signature',
    token: async () => signedByAnother((await publishedKey()).kid),
    code: 'TOKEN_INVALID',
    message: /^The token's signature does not match\.$/,
    hint: newToken,
    subject: null,
  },
  {
    name: 'expired',
    token: () => house.issuer.token({ iat: now() - 2 * hour, exp: now() - hour }),
    code: 'TOKEN_EXPIRED',
    message: /^The token expired at \d{4}-\d\d-\d\dT/,
    hint: newToken,
    subject: null,
  },
  {
    name: 'not valid yet',
    token: () => house.issuer.token({ nbf: now() + hour }),
    code: 'TOKEN_EXPIRED',
    message: /not valid yet/,
    hint: /Check the clocks/,
    subject: null,
  },
  {
    name: 'wrong audience',
    token: () => house.issuer.token({ aud: 'payroll' }),
    code: 'TOKEN_INVALID',
    message: /for another audience than "chaperone"/,
    hint: /Ask your issuer for a token for "chaperone"/,
    subject: null,
  },
  {
    name: 'wrong algorithm',
    token: signedWithThePublicKey,
    code: 'TOKEN_INVALID',
    message: /an algorithm that is not accepted/,
    hint: /sign with RS256/,
    subject: null,
    detail: /HS256/,
  },
  {
    name: 'unsigned',
    token: () => new UnsecuredJWT(claims()).encode(),
    code: 'TOKEN_INVALID',
    message: /^The token is not signed\.$/,
    hint: newToken,
    subject: null,
  },
  {
    name: 'unknown key',
    token: () => signedByAnother('a-key-nobody-published'),
    code: 'TOKEN_INVALID',
    message: /signed with a key that its issuer does not publish/,
    hint: newToken,
    subject: null,
    detail: /a-key-nobody-published/,
  },
  {
    name: 'unknown issuer',
    token: () => signedByAnother('key-1', { iss: 'https://login.elsewhere.example' }),
    code: 'TOKEN_INVALID',
    message: /not of an issuer that this gateway knows/,
    hint: /the issuer that Chaperone is set up with/,
    subject: null,
    detail: /login\.elsewhere\.example/,
  },
  {
    name: 'malformed',
    token: () => 'correct-horse-battery-staple',
    code: 'TOKEN_INVALID',
    message: /not a signed JSON Web Token: it does not have three parts/,
    hint: /Present the token alone and whole/,
    subject: null,
  },
  {
    name: 'empty password',
    token: () => '',
    code: 'TOKEN_MISSING',
    message: /^No token was presented\.$/,
    hint: /Present a token of your issuer, as the password/,
    subject: null,
  },
  {
    name: 'no groups claim',
    token: () => house.issuer.token({ groups: undefined }),
    code: 'GROUPS_UNKNOWN',
    message: /has no claim "groups"/,
    hint: /Let the issuer put the groups into the claim "groups"/,
    subject: null,
  },
  {
    name: 'in no group',
    token: () => house.issuer.token({ groups: [] }),
    code: 'ACCESS_REFUSED',
    message: /You may not connect to "orders", or there is no such connection/,
    hint: /ask for a policy that permits one of your groups/,
    subject: 'dana',
  },
  {
    name: 'overage',
    token: () => house.issuer.token({ groups: undefined, _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } }),
    code: 'GROUPS_UNKNOWN',
    message: /its groups are kept elsewhere/,
    hint: /put only the groups assigned to this application/,
    subject: null,
  },
  {
    name: 'unknown connection',
    token: () => house.tokens.engineer,
    connection: 'valet',
    code: 'ACCESS_REFUSED',
    message: /You may not connect to "valet", or there is no such connection/,
    hint: /Check the connection name/,
    subject: 'dana',
    detail: /no such connection/,
  },
  {
    name: 'connection not permitted',
    token: () => house.tokens.engineer,
    connection: 'vault',
    code: 'ACCESS_REFUSED',
    message: /You may not connect to "vault", or there is no such connection/,
    hint: /Check the connection name/,
    subject: 'dana',
  },
  {
    name: 'issuer down, no keys known',
    token: () => signedByAnother('key-1', { iss: unreachableIssuer }),
    code: 'ISSUER_UNAVAILABLE',
    message: /could not be asked for its keys/,
    hint: /Try again in a little while/,
    subject: null,
  },
];

const startup = (connection: string, runId: string) => ({ user: 'agent', database: connection, application_name: `e2e;run=${runId}` });

describe('refusals at the door', { timeout: 120_000 }, () => {
  before(async () => {
    const [closed = 0] = await freePorts(1);
    unreachableIssuer = `http://127.0.0.1:${closed}`;
    house = await openHouse({ issuers: [unreachableIssuer] });
  });
  after(() => house?.[Symbol.asyncDispose]());

  for (const [index, { name, token, connection = 'orders', code, message, hint, subject, detail }] of cases.entries())
    test(name, async (context) => {
      const presented = await token();
      handedOut.push(presented);
      const refused = await knock(house.port, startup(connection, `door-${index}`), presented);
      assert.ok(refused, 'it was let in');
      assert.deepEqual([refused.severity, refused.code], ['FATAL', '28000']);
      assert.match(refused.message, message);
      assert.match(refused.hint, hint);

      const [session, ...others] = await house.over(`door-${index}`);
      assert.ok(session);
      assert.equal(others.length, 0);
      assert.deepEqual([session.status, session.verdict, session.code], ['refused', 'refused', code]);
      assert.equal(session.reason, refused.message);
      assert.equal(session.connection, connection);
      assert.equal(session.principal?.subject ?? null, subject);
      if (detail) assert.match(session.detail ?? '', detail);

      // psql asks for a password rather than send an empty one.
      if (presented === '') return;
      await context.test('as psql shows it', async (inner) => {
        if (!(await installed('psql'))) return inner.skip('psql is not installed');
        const environment = house.environment('by-psql', { PGDATABASE: connection, PGPASSWORD: presented });
        const shown = await run('psql', ['-X', '-w', '-c', 'select 1'], { env: environment });
        assert.equal(shown.code, 2);
        assert.match(shown.err, /FATAL: {2}/);
        assert.ok(shown.err.includes(refused.message), shown.err);
        assert.ok(shown.err.includes(`HINT:  ${refused.hint}`), shown.err);
      });
    });

  for (const person of ['engineer', 'stranger'] satisfies Person[])
    test(`one answer for what ${person} may not reach and for what is not there`, async () => {
      const answers = await Promise.all(
        ['vault', 'valet'].map(async (connection) => {
          const answer = await knock(house.port, startup(connection, `same-${person}-${connection}`), house.tokens[person]);
          assert.ok(answer);
          return answer.bytes.toString('latin1').replaceAll(connection, 'NAME');
        }),
      );
      assert.equal(answers[0], answers[1]);
    });

  test('a refused session is for its own principal and the auditor alone', async () => {
    await house.over('door-0');
    assert.deepEqual(await house.sessions('stranger', 'run=door-0'), []);
    const known = cases.findIndex(({ name }) => name === 'connection not permitted');
    assert.equal((await house.sessions('engineer', `run=door-${known}`)).length, 1);
    assert.deepEqual(await house.sessions('stranger', `run=door-${known}`), []);
  });

  test('the record is no way around: it does not tell the refused whether there is such a connection', async () => {
    const shown = await Promise.all(
      ['vault', 'valet'].map(async (connection) => {
        await house.over(`same-engineer-${connection}`);
        const [session] = await house.sessions('engineer', `run=same-engineer-${connection}`);
        assert.ok(session);
        const { id: _id, startedAt: _started, endedAt: _ended, run: _run, clientAddress: _port, ...rest } = session;
        return JSON.stringify(rest).replaceAll(connection, 'NAME');
      }),
    );
    assert.equal(shown[0], shown[1]);
  });

  test('no token is in the record, the log or what the API shows', async () => {
    const sessions = await house.sessions('auditor', '');
    assert.ok(sessions.length >= cases.length);
    const shown = await Promise.all(sessions.map(({ id }) => house.read('auditor', `/api/v1/sessions/${id}/recording`)));
    const files = (await readdir(house.state, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    assert.ok(files.length > 0);
    const kept = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')));
    const texts = [JSON.stringify(sessions), ...shown, ...kept, house.gateway.stdout(), house.gateway.stderr()];
    // The last part, the signature, would be enough to make the whole one again.
    const secrets = [...handedOut, ...Object.values(house.tokens)].map((token) => token.split('.').findLast((part) => part !== '') ?? '');
    for (const secret of secrets.filter(Boolean)) for (const text of texts) assert.ok(!text.includes(secret));
  });
});

describe('start-up parameters', { timeout: 60_000 }, () => {
  before(async () => {
    house = await openHouse();
  });
  after(() => house?.[Symbol.asyncDispose]());

  const refused: readonly (readonly [name: string, parameters: Readonly<Record<string, string>>, message: RegExp])[] = [
    ['one that is not on the list', { session_preload_libraries: 'evil' }, /"session_preload_libraries" does not pass/],
    ['one that makes another of the gateway’s user', { role: 'postgres' }, /"role" does not pass/],
    ['a replication connection', { replication: 'database' }, /"replication" does not pass/],
    ['one within options', { options: '-c role=postgres' }, /"role" does not pass/],
    ['options that are no settings', { options: '-d 5' }, /option "-d" does not pass/],
    ['an encoding in which a quote may be half a character', { client_encoding: 'SJIS' }, /client encoding "SJIS" does not pass/],
  ];
  for (const [name, parameters, message] of refused)
    test(`${name} does not pass`, async () => {
      const answer = await knock(house.port, { ...startup('orders', 'parameters'), ...parameters }, house.tokens.agent);
      assert.ok(answer, 'it was let in');
      assert.deepEqual([answer.severity, answer.code], ['FATAL', '0A000']);
      assert.match(answer.message, message);
      assert.notEqual(answer.hint, '');
    });

  test('psql shows it', async (context) => {
    if (!(await installed('psql'))) return context.skip('psql is not installed');
    const env = house.environment('parameters', { PGOPTIONS: '-c role=postgres' });
    const { code, err } = await run('psql', ['-X', '-w', '-c', 'select 1'], { env });
    assert.equal(code, 2);
    assert.match(err, /FATAL: {2}The start-up parameter "role" does not pass\.\nHINT: {2}Leave it out, or set it by SET once connected\./);
  });

  test('those on the list reach the target', async () => {
    const client = await house.connect('passing', { options: '-c statement_timeout=5432 -c search_path=pg_catalog' });
    try {
      const { rows } = await client.query("select current_setting('statement_timeout') as t, current_setting('search_path') as p");
      assert.deepEqual(rows, [{ t: '5432ms', p: 'pg_catalog' }]);
    } finally {
      await client.end();
    }
  });
});
