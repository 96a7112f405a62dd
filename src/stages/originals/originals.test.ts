import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { armor, Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { createOriginals } from './index.ts';
import { recipientProblem } from './recipients.ts';

describe('keys of sessions', () => {
  test('are another for each, and open with any of the private keys', async () => {
    const identities = await Promise.all([generateX25519Identity(), generateX25519Identity()]);
    const originals = createOriginals(await Promise.all(identities.map(identityToRecipient)));
    const keys = await Promise.all(Array.from({ length: 20 }, () => originals.key()));
    assert.equal(new Set(keys.map(({ key }) => Buffer.from(key).toString('hex'))).size, 20);
    for (const [place, identity] of identities.entries()) {
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity);
      const made = keys[place];
      assert.ok(made);
      assert.deepEqual(Buffer.from(await decrypter.decrypt(armor.decode(made.wrapped))), Buffer.from(made.key));
    }
  });

  test('that cannot be made are refused to everybody who waits', async () => {
    const originals = createOriginals(['age1nobody']);
    for (const kept of await Promise.allSettled([originals.key(), originals.key()])) assert.equal(kept.status, 'rejected');
    await assert.rejects(originals.key());
  });
});

describe('a recipient', () => {
  test('is a public key of age', async () =>
    assert.equal(recipientProblem(await identityToRecipient(await generateX25519Identity())), null));

  test('is no secret key, which is not repeated', async () => {
    const secret = await generateX25519Identity();
    const problem = recipientProblem(secret) ?? '';
    assert.match(problem, /is a secret key, which the gateway must never have/);
    assert.ok(!problem.includes(secret));
  });

  test('is nothing else', () => {
    for (const text of ['age1abc', 'ssh-ed25519 AAAA', 'olga@example.com'])
      assert.match(recipientProblem(text) ?? '', /is no public key of age/);
  });
});
