import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Principal } from '../../core/principal.ts';
import type { Refusal } from '../../core/verdict.ts';
import { createIdentity, type Identity } from './identity.ts';
import { readPrincipal } from './principal-claims.ts';
import { type IdentitySettings, identitySchema } from './settings.ts';
import { createSigningKey, type LocalIssuer, openLocalIssuer, type SigningKey, signToken } from './testing/local-issuer.ts';

const start = Date.UTC(2026, 10, 22, 12);
const seconds = start / 1_000;

describe('identity', () => {
  let issuer: LocalIssuer;
  let key: SigningKey;
  let clock = start;

  before(async () => {
    key = await createSigningKey('ES256', 'main');
    issuer = await openLocalIssuer([key.jwk]);
  });
  after(() => issuer.close());
  beforeEach(() => {
    clock = start;
    issuer.asked.length = 0;
  });

  const open = (more: object = {}): Identity => {
    const settings: IdentitySettings = identitySchema.parse({ issuers: [{ issuer: issuer.url, audience: 'chaperone', ...more }] });
    return createIdentity(settings, { now: () => clock, log: () => {} });
  };
  const claims = (more: object = {}) => ({
    iss: issuer.url,
    aud: 'chaperone',
    sub: 'ada',
    exp: seconds + 300,
    iat: seconds,
    groups: ['engineering'],
    ...more,
  });
  const present = async (token: string, more: object = {}) => open(more).identify({ kind: 'token', token });
  const presentClaims = async (more: object, settings: object = {}) => present(await signToken(key, claims(more)), settings);

  test('a token becomes a principal', async () => {
    const token = await signToken(
      key,
      claims({ jti: 't-1', email: 'ada@example.com', azp: 'cursor', groups: ['b', 'a', 'b'], nbf: seconds }),
    );
    assert.deepEqual(await present(token), {
      subject: 'ada',
      issuer: issuer.url,
      email: 'ada@example.com',
      groups: ['b', 'a'],
      agent: 'cursor',
      actors: [],
      token: {
        issuer: issuer.url,
        subject: 'ada',
        jti: 't-1',
        sha256: createHash('sha256').update(token).digest('hex'),
        expiresAt: start + 300_000,
      },
    });
  });

  test('without a token there is nobody', async () => {
    assert.equal(codeOf(await open().identify({ kind: 'none' })), 'TOKEN_MISSING');
    assert.equal(codeOf(await present('')), 'TOKEN_MISSING');
  });

  const acting: { name: string; more: object; settings?: object; agent: string | null; actors: string[] }[] = [
    { name: 'a person alone', more: {}, agent: null, actors: [] },
    { name: 'the agent claim', more: { azp: 'cursor' }, agent: 'cursor', actors: [] },
    { name: 'an agent claim of another name', more: { cid: 'ci' }, settings: { agentClaim: 'cid' }, agent: 'ci', actors: [] },
    { name: 'the client of the console', more: { azp: 'console' }, settings: { login: { clientId: 'console' } }, agent: null, actors: [] },
    { name: 'a client of people', more: { azp: 'terminal' }, settings: { personClients: ['az', 'terminal'] }, agent: null, actors: [] },
    {
      name: 'a client like one of people',
      more: { azp: 'Terminal' },
      settings: { personClients: ['terminal'] },
      agent: 'Terminal',
      actors: [],
    },
    { name: 'no agent claim at all', more: { azp: 'cursor', cid: 'cursor' }, settings: { agentClaim: null }, agent: null, actors: [] },
    { name: 'Okta’s client', more: { cid: '0oa1cursor' }, settings: { profile: 'okta' }, agent: '0oa1cursor', actors: [] },
    {
      name: 'Okta’s client of people',
      more: { cid: '0oa1cli' },
      settings: { profile: 'okta', personClients: ['0oa1cli'] },
      agent: null,
      actors: [],
    },
    { name: 'Entra’s client', more: { azp: '6f3c' }, settings: { profile: 'entra' }, agent: '6f3c', actors: [] },
    {
      name: 'Entra’s client in a token of version 1.0',
      more: { appid: '6f3c' },
      settings: { profile: 'entra' },
      agent: '6f3c',
      actors: [],
    },
    { name: 'another profile’s claim', more: { appid: '6f3c', cid: 'x' }, agent: null, actors: [] },
    {
      name: 'an actor by a client of people',
      more: { azp: 'terminal', act: { sub: 'cursor' } },
      settings: { personClients: ['terminal'] },
      agent: 'cursor',
      actors: ['cursor'],
    },
    {
      name: 'an agent claim named like a member of every object',
      more: {},
      settings: { agentClaim: 'constructor' },
      agent: null,
      actors: [],
    },
    { name: 'one actor', more: { azp: 'app', act: { sub: 'cursor' } }, agent: 'cursor', actors: ['cursor'] },
    { name: 'a chain', more: { act: { sub: 'c', act: { sub: 'b', act: { sub: 'a' } } } }, agent: 'c', actors: ['c', 'b', 'a'] },
    {
      name: 'sixteen actors',
      more: { act: chain(16) },
      agent: 'actor 16',
      actors: Array.from({ length: 16 }, (_, i) => `actor ${16 - i}`),
    },
  ];
  for (const { name, more, settings, agent, actors } of acting)
    test(`who acts: ${name}`, async () => {
      const principal = principalOf(await presentClaims(more, settings));
      assert.deepEqual({ agent: principal.agent, actors: principal.actors }, { agent, actors });
    });

  const accepted: { name: string; more: object; settings?: object; groups?: string[] }[] = [
    { name: 'no groups at all is known', more: { groups: [] }, groups: [] },
    { name: 'a list of audiences', more: { aud: ['other', 'chaperone'] } },
    { name: 'one of two configured audiences', more: {}, settings: { audience: ['cli', 'chaperone'] } },
    {
      name: 'a groups claim of another name',
      more: { 'https://x.example/roles': ['dba'] },
      settings: { groupsClaim: 'https://x.example/roles' },
      groups: ['dba'],
    },
    { name: '1,000 groups', more: { groups: numbered(1_000) }, groups: numbered(1_000) },
    { name: '99 groups of Okta', more: { groups: numbered(99) }, settings: { profile: 'okta' }, groups: numbered(99) },
    { name: '199 groups of Entra', more: { groups: numbered(199) }, settings: { profile: 'entra' }, groups: numbered(199) },
    { name: 'hasgroups false', more: { hasgroups: false } },
    { name: 'another distributed claim', more: { _claim_names: { photo: 'src1' } } },
    { name: 'fractions of a second', more: { exp: seconds + 0.5 } },
    { name: 'no iat', more: { iat: undefined } },
    { name: 'an end in the year 9999', more: { exp: 253_402_300_799 } },
  ];
  for (const { name, more, settings, groups } of accepted)
    test(`accepts ${name}`, async () => {
      assert.deepEqual(principalOf(await presentClaims(more, settings)).groups, groups ?? ['engineering']);
    });

  const refused: { name: string; more: object; settings?: object; code: string; says: RegExp }[] = [
    { name: 'another audience', more: { aud: 'billing' }, code: 'TOKEN_INVALID', says: /another audience than "chaperone"/ },
    { name: 'no audience', more: { aud: undefined }, code: 'TOKEN_INVALID', says: /another audience/ },
    { name: 'an audience that only begins alike', more: { aud: 'chaperone2' }, code: 'TOKEN_INVALID', says: /another audience/ },
    { name: 'a list of audiences with an object in it', more: { aud: ['chaperone', {}] }, code: 'TOKEN_INVALID', says: /another audience/ },
    { name: 'no end', more: { exp: undefined }, code: 'TOKEN_INVALID', says: /"exp" is missing/ },
    { name: 'an end that is a string', more: { exp: String(seconds + 300) }, code: 'TOKEN_INVALID', says: /"exp" is not a time/ },
    { name: 'an end after every calendar', more: { exp: 1e300 }, code: 'TOKEN_INVALID', says: /"exp" is not a time/ },
    { name: 'a beginning that is a string', more: { nbf: 'now' }, code: 'TOKEN_INVALID', says: /"nbf" is not a time/ },
    { name: 'no subject', more: { sub: undefined }, code: 'TOKEN_INVALID', says: /"sub" does not name anybody/ },
    { name: 'an empty subject', more: { sub: '' }, code: 'TOKEN_INVALID', says: /"sub"/ },
    { name: 'a subject with a NUL', more: { sub: 'ada\0' }, code: 'TOKEN_INVALID', says: /"sub"/ },
    { name: 'a subject with a lone surrogate', more: { sub: 'ada\ud800' }, code: 'TOKEN_INVALID', says: /"sub"/ },
    { name: 'an actor without a name', more: { act: { client: 'x' } }, code: 'TOKEN_INVALID', says: /"act"/ },
    { name: 'an act that is a string', more: { act: 'cursor' }, code: 'TOKEN_INVALID', says: /"act"/ },
    { name: 'a null act', more: { act: null }, code: 'TOKEN_INVALID', says: /"act"/ },
    { name: 'seventeen actors', more: { act: chain(17) }, code: 'TOKEN_INVALID', says: /"act".*more than 16/ },
    { name: 'a client that is no string', more: { azp: 5 }, code: 'TOKEN_INVALID', says: /the client’s claim/ },
    { name: 'a client without a name', more: { azp: '' }, code: 'TOKEN_INVALID', says: /the client’s claim/ },
    { name: 'no groups claim', more: { groups: undefined }, code: 'GROUPS_UNKNOWN', says: /no claim "groups"/ },
    { name: 'groups in one string', more: { groups: 'engineering' }, code: 'GROUPS_UNKNOWN', says: /not a list/ },
    { name: 'null groups', more: { groups: null }, code: 'GROUPS_UNKNOWN', says: /not a list/ },
    { name: 'a group that is a number', more: { groups: ['a', 5] }, code: 'GROUPS_UNKNOWN', says: /not a group's name/ },
    { name: 'an empty group', more: { groups: [''] }, code: 'GROUPS_UNKNOWN', says: /not a group's name/ },
    { name: 'a group of 257 characters', more: { groups: ['g'.repeat(257)] }, code: 'GROUPS_UNKNOWN', says: /not a group's name/ },
    { name: '1,001 groups', more: { groups: numbered(1_001) }, code: 'GROUPS_UNKNOWN', says: /1001 groups/ },
    {
      name: '100 groups of Okta',
      more: { groups: numbered(100) },
      settings: { profile: 'okta' },
      code: 'GROUPS_UNKNOWN',
      says: /100 groups/,
    },
    {
      name: '200 groups of Entra',
      more: { groups: numbered(200) },
      settings: { profile: 'entra' },
      code: 'GROUPS_UNKNOWN',
      says: /200 groups/,
    },
    {
      name: 'the overage of Entra',
      more: { groups: undefined, _claim_names: { groups: 'src1' } },
      code: 'GROUPS_UNKNOWN',
      says: /kept elsewhere/,
    },
    { name: 'overage beside a list', more: { _claim_names: { groups: 'src1' } }, code: 'GROUPS_UNKNOWN', says: /kept elsewhere/ },
    {
      name: 'overage while another claim is read',
      more: { roles: ['a'], _claim_names: { groups: 'src1' } },
      settings: { groupsClaim: 'roles' },
      code: 'GROUPS_UNKNOWN',
      says: /kept elsewhere/,
    },
    {
      name: 'overage of the claim that is read',
      more: { roles: ['a'], _claim_names: { roles: 'src1' } },
      settings: { groupsClaim: 'roles' },
      code: 'GROUPS_UNKNOWN',
      says: /kept elsewhere/,
    },
    { name: 'overage that cannot be read', more: { _claim_names: 'groups' }, code: 'GROUPS_UNKNOWN', says: /kept elsewhere/ },
    { name: 'hasgroups', more: { hasgroups: 'true' }, code: 'GROUPS_UNKNOWN', says: /kept elsewhere/ },
    {
      name: 'a groups claim that every object has',
      more: {},
      settings: { groupsClaim: 'constructor' },
      code: 'GROUPS_UNKNOWN',
      says: /no claim/,
    },
  ];
  for (const { name, more, settings, code, says } of refused)
    test(`refuses ${name}`, async () => assertRefused(await presentClaims(more, settings), code, says));

  const edges: { name: string; more: object; at: number; code: string | null }[] = [
    { name: 'ends now', more: { exp: seconds }, at: 0, code: null },
    { name: 'ended 59.999 s ago', more: { exp: seconds }, at: 59_999, code: null },
    { name: 'ended 60 s ago', more: { exp: seconds }, at: 60_000, code: 'TOKEN_EXPIRED' },
    { name: 'begins in 60 s', more: { nbf: seconds + 60 }, at: 0, code: null },
    { name: 'begins in 60.001 s', more: { nbf: seconds + 60 }, at: -1, code: 'TOKEN_EXPIRED' },
    { name: 'was issued 60 s from now', more: { iat: seconds + 60 }, at: 0, code: null },
    { name: 'was issued 60.001 s from now', more: { iat: seconds + 60 }, at: -1, code: 'TOKEN_EXPIRED' },
    { name: 'was issued a year ago', more: { iat: seconds - 31_536_000 }, at: 0, code: null },
  ];
  for (const { name, more, at, code } of edges)
    test(`a token that ${name} is ${code === null ? 'accepted' : 'refused'}`, async () => {
      clock = start + at;
      assert.equal(codeOf(await presentClaims(more)), code);
    });

  test('a token that was verified is not verified again, but still ends', async () => {
    const identity = open();
    const token = await signToken(key, claims());
    const first = await identity.identify({ kind: 'token', token });
    clock += 1_000;
    assert.equal(await identity.identify({ kind: 'token', token }), first);
    clock = start + 360_000;
    assertRefused(await identity.identify({ kind: 'token', token }), 'TOKEN_EXPIRED', /expired at 2026-11-22T12:05:00\.000Z/);
  });

  test('the issuer is checked again among the verified claims', () => {
    const [settings] = identitySchema.parse({ issuers: [{ issuer: issuer.url, audience: 'chaperone' }] }).issuers;
    assert.ok(settings !== undefined);
    assertRefused(
      readPrincipal(claims({ iss: 'https://evil.example' }), settings, { sha256: '', expiresAt: 0 }),
      'TOKEN_INVALID',
      /issuer/,
    );
  });

  test('every refusal has a hint and no part of the token', async () => {
    const token = await signToken(key, claims({ aud: 'billing' }));
    const refusal = await present(token);
    assert.ok('kind' in refusal && refusal.hint !== '');
    for (const part of token.split('.')) assert.ok(!JSON.stringify(refusal).includes(part));
  });
});

function codeOf(answer: Principal | Refusal): string | null {
  return 'kind' in answer ? answer.code : null;
}

function principalOf(answer: Principal | Refusal): Principal {
  if ('kind' in answer) assert.fail(`${answer.message} ${answer.detail}`);
  return answer;
}

function assertRefused(answer: Principal | Refusal, code: string, says: RegExp): void {
  assert.equal(codeOf(answer), code);
  assert.match('kind' in answer ? answer.message : '', says);
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `group ${index}`);
}

function chain(depth: number): object {
  return Array.from({ length: depth }, (_, index) => `actor ${index + 1}`).reduce<object | undefined>(
    (act, sub) => ({ sub, ...(act === undefined ? {} : { act }) }),
    undefined,
  ) as object;
}
