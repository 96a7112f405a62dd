import { armor, Decrypter } from 'age-encryption';

/** The private keys of an auditor, who alone can open what was sealed to the public ones. */
export class AuditorKey {
  readonly #decrypter: Decrypter;
  /** How many sealed pieces were opened. */
  opened = 0;

  private constructor(decrypter: Decrypter) {
    this.#decrypter = decrypter;
  }

  /** From the text of a file as age-keygen writes it: keys, a line each, and comments. Null where it is none, or holds no key. */
  static from(text: string): AuditorKey | null {
    const lines = text.split('\n').map((line) => line.trim());
    const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
    if (keys.length === 0) return null;
    const decrypter = new Decrypter();
    try {
      for (const key of keys) decrypter.addIdentity(key);
    } catch {
      return null;
    }
    return new AuditorKey(decrypter);
  }

  /** A session's key; null where it was sealed to other auditors, or is not what was sealed. */
  async sessionKey(wrapped: string): Promise<Uint8Array | null> {
    try {
      return await this.#decrypter.decrypt(armor.decode(wrapped));
    } catch {
      return null;
    }
  }
}
