import { type Refusal, refuse } from '../../core/verdict.ts';

/*
 * Every way a credential is turned away. What a message says before the signature is verified is what its sender knows already;
 * what the token carried goes into the detail, which only the record shows.
 */

const freshToken = 'Get a new token from your issuer and try again.';
const wholeToken = 'Present the token alone and whole: three parts with dots between them, no prefix, no line break.';

export function tokenMissing(): Refusal {
  return refuse('TOKEN_MISSING', 'No token was presented.', 'Present a token of your issuer, as the password or as a bearer token.');
}

export function tokenTooLong(limit: number): Refusal {
  return refuse('TOKEN_INVALID', `The token is longer than ${limit} bytes.`, 'Let the issuer put less into the token.');
}

export function tokenMalformed(what: string): Refusal {
  return refuse('TOKEN_INVALID', `The token is not a signed JSON Web Token: ${what}.`, wholeToken);
}

export function tokenUnsigned(): Refusal {
  return refuse('TOKEN_INVALID', 'The token is not signed.', freshToken);
}

export function algorithmRefused(detail: string): Refusal {
  return refuse(
    'TOKEN_INVALID',
    'The token is signed with an algorithm that is not accepted.',
    'Let the issuer sign with RS256, PS256, ES256 or EdDSA; whoever runs Chaperone can say which it accepts.',
    { detail },
  );
}

export function headerRefused(what: string): Refusal {
  return refuse('TOKEN_INVALID', `The token's header is not accepted: ${what}.`, 'Present an access token or an ID token of your issuer.');
}

export function issuerUnknown(detail: string): Refusal {
  return refuse(
    'TOKEN_INVALID',
    'The token is not of an issuer that this gateway knows.',
    'Get a token from the issuer that Chaperone is set up with; whoever runs it can say which.',
    { detail },
  );
}

export function keyUnknown(detail: string): Refusal {
  return refuse('TOKEN_INVALID', 'The token is signed with a key that its issuer does not publish.', freshToken, { detail });
}

export function signatureWrong(): Refusal {
  return refuse('TOKEN_INVALID', "The token's signature does not match.", `${freshToken} It may have been cut or changed on its way.`);
}

export function audienceWrong(audiences: readonly string[], detail: string): Refusal {
  const wanted = audiences.map((audience) => `"${audience}"`).join(' or ');
  return refuse('TOKEN_INVALID', `The token is for another audience than ${wanted}.`, `Ask your issuer for a token for ${wanted}.`, {
    detail,
  });
}

export function claimWrong(what: string): Refusal {
  return refuse('TOKEN_INVALID', `The token's claims are not complete: ${what}.`, 'Let the issuer put this claim into its tokens.');
}

export function tokenExpired(expiresAt: number): Refusal {
  return refuse('TOKEN_EXPIRED', `The token expired at ${new Date(expiresAt).toISOString()}.`, freshToken);
}

export function tokenNotYet(claim: 'nbf' | 'iat'): Refusal {
  return refuse(
    'TOKEN_EXPIRED',
    claim === 'nbf' ? 'The token is not valid yet.' : 'The token says it was issued in the future.',
    'Check the clocks of the issuer and of the gateway; they may differ by 60 seconds at most.',
  );
}

export function groupsUnknown(why: string, remedy: string): Refusal {
  return refuse('GROUPS_UNKNOWN', `${why} What you may do cannot be decided without your groups.`, remedy);
}

export function issuerUnavailable(detail: string): Refusal {
  return refuse(
    'ISSUER_UNAVAILABLE',
    'The issuer of the token could not be asked for its keys, so the token cannot be verified.',
    'Try again in a little while; if it stays so, tell whoever runs Chaperone.',
    { detail },
  );
}
