/** The token that proved a principal. The token itself is never kept: these are what a log can be matched with. */
export interface TokenEvidence {
  readonly issuer: string;
  readonly subject: string;
  readonly jti: string | null;
  /** SHA-256 of the token's bytes, lower-case hex. */
  readonly sha256: string;
  /** When the token ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Who acts: the person, the agent acting for them, the token that proved both, and the groups it vouched for. */
export interface Principal {
  readonly subject: string;
  readonly issuer: string;
  readonly email: string | null;
  readonly groups: readonly string[];
  /** The agent acting for the person (outermost `act`, RFC 8693 section 4.1, or the issuer's agent claim); null for a person alone. */
  readonly agent: string | null;
  /** Every actor from the outermost `act` inwards; informational only, as RFC 8693 says. */
  readonly actors: readonly string[];
  readonly token: TokenEvidence;
}
