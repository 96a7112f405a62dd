import type { FastifyReply, FastifyRequest } from 'fastify';

/** The console's cookies. */
export interface Cookies {
  read(request: FastifyRequest, which: Which): string | undefined;
  /** Without a lifetime it goes with the browser. */
  set(request: FastifyRequest, reply: FastifyReply, which: Which, value: string, seconds?: number): void;
  clear(request: FastifyRequest, reply: FastifyReply, which: Which): void;
}

/** `console`: who is signed in. `login`: a sign-in that has begun. */
type Which = 'console' | 'login';

/**
 * Over TLS their names begin with `__Host-`, so that no other host and no plain connection can set them (RFC 6265bis section
 * 4.1.3.2). A loopback listener without TLS cannot have that; there the port is in the name, because cookies know no ports and
 * two gateways would sign each other's people out.
 */
export function createCookies(secure: boolean): Cookies {
  const nameOf = ({ headers }: FastifyRequest, which: Which) =>
    secure ? `__Host-chaperone-${which}` : `chaperone-${which}-${/:(\d{1,5})$/.exec(headers.host ?? '')?.[1] ?? '80'}`;
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'lax' } as const;
  return {
    read: (request, which) => request.cookies[nameOf(request, which)],
    set: (request, reply, which, value, seconds) =>
      void reply.setCookie(nameOf(request, which), value, seconds === undefined ? attributes : { ...attributes, maxAge: seconds }),
    clear: (request, reply, which) => void reply.clearCookie(nameOf(request, which), attributes),
  };
}

/** The origin that the browser knows the console by. */
export function originOf({ headers }: FastifyRequest, secure: boolean): string {
  return `${secure ? 'https:' : 'http:'}//${headers.host ?? ''}`;
}
