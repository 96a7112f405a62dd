import { chmod, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';

/** What a listener proves itself with, as PEM. */
export interface Certificate {
  readonly certPem: string;
  readonly keyPem: string;
}

const dayMs = 86_400_000;
const validDays = 365;

/** The gateway's own certificate, made once and kept in the state folder; made anew a month before it ends. */
export async function keepSelfSigned(state: string, now: number): Promise<Certificate> {
  const [certPath, keyPath] = [join(state, 'certificate.pem'), join(state, 'certificate-key.pem')];
  const kept = await readKept(certPath, keyPath);
  if (kept && Date.parse(new X509Certificate(kept.certPem).validTo) - now > 30 * dayMs) return kept;
  const names = ['localhost', hostname()].map((value) => ({ type: 2 as const, value }));
  const made = await generate([{ name: 'commonName', value: hostname() }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - dayMs),
    notAfterDate: new Date(now + validDays * dayMs),
    extensions: [{ name: 'subjectAltName', altNames: [...names, { type: 7, ip: '127.0.0.1' }, { type: 7, ip: '::1' }] }],
  });
  await writeFile(keyPath, made.private, { mode: 0o600 });
  await chmod(keyPath, 0o600);
  await writeFile(certPath, made.cert, { mode: 0o600 });
  return { certPem: made.cert, keyPem: made.private };
}

async function readKept(certPath: string, keyPath: string): Promise<Certificate | null> {
  try {
    const [certPem, keyPem] = await Promise.all([readFile(certPath, 'utf8'), readFile(keyPath, 'utf8')]);
    return { certPem, keyPem };
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fault;
  }
}
