import { Encrypter } from 'age-encryption';

/** What is wrong with a public key that originals are to be sealed to; null where it is one. It never repeats what was written. */
export function recipientProblem(recipient: string): string | null {
  if (/^AGE-SECRET-KEY-/i.test(recipient))
    return 'is a secret key, which the gateway must never have; make a new pair, and write its public key';
  try {
    new Encrypter().addRecipient(recipient);
    return null;
  } catch {
    return 'is no public key of age; write the one that age-keygen shows, age1… or age1pq1…';
  }
}
