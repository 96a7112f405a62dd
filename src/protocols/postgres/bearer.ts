import { ByteReader, MalformedBytes } from '../../wire/byte-reader.ts';
import { cstring, encodeMessage } from './messages.ts';
import { uint32 } from './startup.ts';

const mechanism = 'OAUTHBEARER';
/** Separates the key-value pairs (RFC 7628 section 3.1). */
const separator = '\x01';

/** AuthenticationSASL with OAUTHBEARER alone. */
export function encodeBearerOffer(): Buffer {
  return encodeMessage('R', uint32(10), cstring(mechanism), Buffer.alloc(1));
}

/** The failed exchange's last word (RFC 7628 section 3.2.2); the client answers it by one octet and is refused then. */
export function encodeBearerChallenge(): Buffer {
  return encodeMessage('R', uint32(11), Buffer.from(JSON.stringify({ status: 'invalid_token' })));
}

/**
 * The token in a SASLInitialResponse; empty where the client has none and wants to be told what to do about it. Throws
 * MalformedBytes on whatever else RFC 7628 does not allow, channel binding and an identity of its own choice included.
 */
export function parseBearer(body: Buffer): string {
  const reader = new ByteReader(body);
  if (reader.cstring() !== mechanism) throw new MalformedBytes(`the client chose another mechanism than ${mechanism}`);
  const response = reader.bytes(reader.uint32()).toString('latin1');
  reader.finish();
  const [header, ...pairs] = response.split(separator);
  const [last, end] = pairs.slice(-2);
  const found = pairs.slice(0, -2).flatMap((pair) => /^auth=(.*)$/s.exec(pair)?.[1] ?? []);
  if ((header !== 'n,,' && header !== 'y,,') || last !== '' || end !== '' || found.length !== 1)
    throw new MalformedBytes('the client’s OAUTHBEARER response is malformed');
  const [authorization = ''] = found;
  if (authorization === '') return '';
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];
  if (token === undefined) throw new MalformedBytes('the client’s authorization is no bearer token (RFC 6750 section 2.1)');
  return token;
}
