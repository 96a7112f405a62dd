import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { assertIssuerTransport, identitySchema } from './settings.ts';

const minimal = { issuer: 'https://login.example.com', audience: 'chaperone' };

describe('identity settings', () => {
  test('what is left out has its default', () => {
    const { issuers } = identitySchema.parse({ issuers: [minimal] });
    assert.deepEqual(issuers, [
      {
        issuer: 'https://login.example.com',
        audience: ['chaperone'],
        profile: 'oidc',
        groupsClaim: 'groups',
        personClients: [],
        algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
        cacheFor: 600_000,
        keysOutliveOutage: 86_400_000,
      },
    ]);
  });

  const accepted: { name: string; more: object }[] = [
    { name: 'a list of audiences', more: { audience: ['chaperone', 'https://gateway.example.com'] } },
    { name: 'okta', more: { profile: 'okta' } },
    { name: 'entra', more: { profile: 'entra', issuer: 'https://sts.windows.net/6f3c/' } },
    { name: 'durations', more: { cacheFor: '90s', keysOutliveOutage: '7d' } },
    { name: 'fewer algorithms', more: { algorithms: ['ES256'] } },
    { name: 'a login', more: { login: { clientId: 'console', scopes: ['openid', 'groups'] } } },
    { name: 'no agent claim', more: { agentClaim: null } },
    { name: 'its own key set', more: { jwksUri: 'https://keys.example.com/jwks?tenant=1' } },
  ];
  for (const { name, more } of accepted)
    test(`accepts ${name}`, () => assert.ok(identitySchema.safeParse({ issuers: [{ ...minimal, ...more }] }).success));

  const refused: { name: string; more: object; path: string; says: RegExp }[] = [
    { name: 'an unknown key', more: { audiences: 'x' }, path: 'issuers.0', says: /audiences/ },
    { name: 'no audience', more: { audience: [] }, path: 'issuers.0.audience', says: /expected an audience or a list/ },
    { name: 'an issuer that is no URL', more: { issuer: 'login' }, path: 'issuers.0.issuer', says: /expected the URL/ },
    { name: 'an issuer with a query', more: { issuer: 'https://a.example?b' }, path: 'issuers.0.issuer', says: /without query/ },
    { name: 'a password in the URL', more: { issuer: 'https://a:b@c.example' }, path: 'issuers.0.issuer', says: /without query/ },
    { name: 'no algorithms', more: { algorithms: [] }, path: 'issuers.0.algorithms', says: /at least one algorithm/ },
    { name: 'alg none', more: { algorithms: ['none'] }, path: 'issuers.0.algorithms.0', says: /none is never accepted/ },
    { name: 'a shared secret', more: { algorithms: ['ES256', 'HS256'] }, path: 'issuers.0.algorithms.1', says: /HS256 is never accepted/ },
    { name: 'a profile to come', more: { profile: 'google' }, path: 'issuers.0.profile', says: /needs a directory; not supported/ },
    { name: 'a profile that is none', more: { profile: 'ldap' }, path: 'issuers.0.profile', says: /expected one of oidc, okta, entra/ },
    { name: 'a login without a client', more: { login: {} }, path: 'issuers.0.login.clientId', says: /expected string/ },
    {
      name: 'a login without openid',
      more: { login: { clientId: 'a', scopes: ['email'] } },
      path: 'issuers.0.login.scopes',
      says: /openid/,
    },
    {
      name: 'a secret in the file',
      more: { login: { clientId: 'a', clientSecret: 'b' } },
      path: 'issuers.0.login.clientSecret',
      says: /a secret may not stand/,
    },
    { name: 'a duration without unit', more: { keysOutliveOutage: '24' }, path: 'issuers.0.keysOutliveOutage', says: /for example 24h/ },
    { name: 'keys that end too early', more: { keysOutliveOutage: '5m' }, path: 'issuers.0.keysOutliveOutage', says: /at least as long/ },
  ];
  for (const { name, more, path, says } of refused)
    test(`refuses ${name}`, () => {
      const issue = identitySchema.safeParse({ issuers: [{ ...minimal, ...more }] }).error?.issues[0];
      assert.equal(issue?.path.join('.'), path);
      assert.match(issue?.message ?? '', says);
    });

  const refusedWhole: { name: string; given: object; says: RegExp }[] = [
    { name: 'no issuer at all', given: { issuers: [] }, says: /at least one issuer/ },
    { name: 'an issuer twice', given: { issuers: [minimal, minimal] }, says: /stands here twice/ },
    { name: 'a directory', given: { issuers: [minimal], directory: {} }, says: /directory is not supported by this version/ },
    { name: 'an unknown key', given: { issuers: [minimal], issuer: 1 }, says: /issuer/ },
  ];
  for (const { name, given, says } of refusedWhole)
    test(`refuses ${name}`, () => assert.match(identitySchema.safeParse(given).error?.issues[0]?.message ?? '', says));

  test('it can be published as a JSON schema', () => {
    assert.equal(z.toJSONSchema(identitySchema, { io: 'input' }).type, 'object');
  });

  const transports: { issuer: string; jwksUri?: string; loopback: boolean; says: RegExp | null }[] = [
    { issuer: 'https://login.example.com', loopback: false, says: null },
    { issuer: 'http://127.0.0.1:9000', loopback: true, says: null },
    { issuer: 'http://localhost:9000', loopback: true, says: null },
    { issuer: 'http://[::1]:9000', loopback: true, says: null },
    { issuer: 'http://127.0.0.1:9000', loopback: false, says: /^identity\.issuers\[0\]\.issuer: .*insecureLoopback: true/ },
    { issuer: 'http://login.example.com', loopback: true, says: /^identity\.issuers\[0\]\.issuer: must be https/ },
    { issuer: 'http://127.0.0.1.example.com', loopback: true, says: /must be https/ },
    {
      issuer: 'https://a.example',
      jwksUri: 'http://a.example/jwks',
      loopback: true,
      says: /^identity\.issuers\[0\]\.jwksUri: must be https/,
    },
  ];
  for (const { issuer, jwksUri, loopback, says } of transports)
    test(`${jwksUri ?? issuer} with insecureLoopback ${loopback} is ${says === null ? 'fine' : 'a problem'}`, () => {
      const settings = identitySchema.parse({ issuers: [{ ...minimal, issuer, jwksUri }] });
      const problems = assertIssuerTransport(settings, loopback);
      assert.equal(problems.length, says === null ? 0 : 1);
      if (says !== null) assert.match(problems[0] ?? '', says);
    });
});
