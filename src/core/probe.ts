/** What a probe is at. A protocol says so where it begins TLS, shows credentials, and has done so; the rest the gateway sees itself. */
export const probeSteps = ['admit', 'resolve', 'connect', 'encrypt', 'authenticate', 'answer'] as const;
export type ProbeStep = (typeof probeSteps)[number];

/** What the target said to a client of the gateway's own, in a few words, or how the client was turned away. */
export type ProbeAnswer = { readonly kind: 'answered'; readonly says: string } | { readonly kind: 'refused'; readonly says: string };

/** The least that can be asked of a target over HTTP. */
export interface ProbeRequest {
  readonly method: 'GET' | 'HEAD';
  /** Behind the connection's name. */
  readonly path: string;
}
