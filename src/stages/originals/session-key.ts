import { armor, Encrypter } from 'age-encryption';
import { randomBytes } from 'node:crypto';
import type { SessionKey } from '../../core/originals.ts';
import { ownBytes } from '../../core/own-bytes.ts';

/** What a thread is to make keys for. */
export interface KeyOrder {
  readonly recipients: readonly string[];
}

/** A key for one session, and the same for whoever has the private key of one of the recipients. */
export async function makeSessionKey({ recipients }: KeyOrder): Promise<SessionKey> {
  const key = ownBytes(randomBytes(32));
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return { key, recipients, wrapped: armor.encode(await encrypter.encrypt(key)) };
}
