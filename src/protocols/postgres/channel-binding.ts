import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** How a SCRAM exchange is tied to the TLS connection below it. */
export interface ChannelBinding {
  /** The gs2-header (RFC 5802 section 7): `n`, we cannot bind; `y`, we could and the server does not offer it; `p`, we do. */
  readonly header: 'n,,' | 'y,,' | 'p=tls-server-end-point,,';
  readonly data: Buffer;
}

export const unbound: ChannelBinding = { header: 'n,,', data: Buffer.alloc(0) };

/** The server is asked whether it offers binding after all: one that does knows then that somebody took its offer away. */
export const bindable: ChannelBinding = { header: 'y,,', data: Buffer.alloc(0) };

export function boundTo(endPoint: Buffer): ChannelBinding {
  return { header: 'p=tls-server-end-point,,', data: endPoint };
}

/**
 * The hash function of a certificate's signature, by the signature's OID (RFC 8017 appendix A.2.4, RFC 5758); MD5 and SHA-1
 * give way to SHA-256 (RFC 5929 section 4.1).
 */
const hashes = new Map([
  ['1.2.840.113549.1.1.4', 'sha256'],
  ['1.2.840.113549.1.1.5', 'sha256'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.113549.1.1.14', 'sha224'],
  ['1.2.840.10045.4.1', 'sha256'],
  ['1.2.840.10045.4.3.1', 'sha224'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
]);

/** The data of `tls-server-end-point`; null where the certificate's signature names no hash of its own (Ed25519, RSA-PSS). */
export function serverEndPoint(socket: TLSSocket): Buffer | null {
  const certificate = socket.getPeerX509Certificate();
  const hash = hashes.get(certificate?.signatureAlgorithmOid ?? '');
  return certificate === undefined || hash === undefined ? null : createHash(hash).update(certificate.raw).digest();
}
