import type { IdentitySettings } from './settings.ts';

/** The console as a client of one issuer. Plain data, with the secret as text: for the thread that speaks to the issuer alone. */
export interface LoginClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | null;
  readonly scopes: readonly string[];
  readonly logout: 'console' | 'issuer';
}

/** The clients of the issuers where people may sign in, with their secrets revealed. */
export function loginClients({ issuers }: IdentitySettings): LoginClient[] {
  return issuers.flatMap(({ issuer, login }) =>
    login === undefined
      ? []
      : [
          {
            issuer,
            clientId: login.clientId,
            clientSecret: login.clientSecret?.reveal() ?? null,
            scopes: login.scopes,
            logout: login.logout,
          },
        ],
  );
}

/**
 * By what the ID tokens of a sign-in are judged: the same issuers, keys, algorithms and groups as every token, with two
 * differences. An ID token's audience is the client that asked for it (OpenID Connect Core section 2), so it is that client
 * and nothing else that `aud` must name; and `azp`, which then names that client too, names no agent: a person signs in.
 */
export function signInSettings(settings: IdentitySettings): IdentitySettings {
  const issuers = settings.issuers.flatMap((issuer) =>
    issuer.login === undefined ? [] : [{ ...issuer, audience: [issuer.login.clientId], agentClaim: null }],
  );
  return { ...settings, issuers };
}

/** The settings without what is secret, as another thread may be given them. */
export function withoutSecrets(settings: IdentitySettings): IdentitySettings {
  const issuers = settings.issuers.map(({ login, ...issuer }) =>
    login === undefined ? issuer : { ...issuer, login: { clientId: login.clientId, scopes: login.scopes, logout: login.logout } },
  );
  return { ...settings, issuers };
}
