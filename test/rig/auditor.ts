import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { AuditorKey } from '../../src/archive/auditor-key.ts';
import { type OpenedEntry, withOriginals } from '../../src/archive/originals.ts';
import type { Entry } from '../../src/core/entry.ts';

/** An auditor with a pair of keys. */
export interface Auditor {
  readonly recipient: string;
  /** The private key's own text. */
  readonly identity: string;
  /** What was recorded, session by session, with the originals that are sealed to this auditor. */
  open(entries: readonly Entry[]): Promise<OpenedEntry[]>;
}

export async function makeAuditor(): Promise<Auditor> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const open = async (entries: readonly Entry[]) => {
    const opened: OpenedEntry[] = [];
    for (const own of Map.groupBy(entries, ({ session }) => session).values()) {
      const key = AuditorKey.from(identity);
      if (key === null) throw new Error('the key that was just made is none');
      for await (const entry of withOriginals(each(own), key)) opened.push(entry);
    }
    return opened;
  };
  return { recipient, identity, open };
}

async function* each<Item>(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items;
}
