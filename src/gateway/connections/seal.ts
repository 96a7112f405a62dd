import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Json, JsonObject } from '../../core/json.ts';
import { Secret } from '../../core/secret.ts';

/** Secrets by the field they stand in: `credentials.password`. */
export type Secrets = ReadonlyMap<string, Secret>;

const version = 'v1';
/** NIST SP 800-38D section 5.2.1.1: 96 bits for the nonce, which is drawn anew for each sealing. */
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals secrets together with all that is said beside them, which stays readable: who changes where a connection leads, in its file,
 * cannot have its credentials sent there.
 */
export function seal(key: KeyObject, beside: JsonObject, secrets: Secrets): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(`${version} ${canonical(beside)}`));
  const plain = JSON.stringify([...secrets].map(([field, secret]) => [field, secret.reveal()]));
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return `${version}:${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')}`;
}

const opened = z.array(z.tuple([z.string(), z.string()]));

/** Null where it was sealed by another key, or what stands beside it is not what stood there. */
export function unseal(key: KeyObject, beside: JsonObject, sealed: string): Secrets | null {
  const [form, text = ''] = sealed.split(':');
  const bytes = Buffer.from(text, 'base64');
  if (form !== version || bytes.length < nonceBytes + tagBytes) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(`${version} ${canonical(beside)}`));
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  const plain = finish(decipher, bytes.subarray(nonceBytes + tagBytes));
  return plain === null ? null : new Map(opened.parse(JSON.parse(plain)).map(([field, value]) => [field, new Secret(value)]));
}

/** What does not authenticate is no fault of the gateway's: somebody must look at it. */
function finish(decipher: ReturnType<typeof createDecipheriv>, sealed: Buffer): string | null {
  try {
    return decipher.update(sealed, undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return null;
  }
}

/** The same text for the same value, in whatever order its keys stand. */
export function canonical(value: Json | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonical).join(',')}]`;
  const pairs = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${pairs.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}

function isList(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value);
}
