import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { JsonObject } from '../../core/json.ts';
import { keptKey, keyThatIs } from '../../wire/kept-key.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { type Secrets, unseal } from './seal.ts';

/** What was sealed, and whether by a key that is to be replaced. */
export interface Unsealed {
  readonly secrets: Secrets;
  readonly isFormer: boolean;
}

/** The key that seals connections: the configuration's, or the one in the state folder. And the one before it, where that is given too. */
export class SealingKeys {
  readonly #given: Configuration['keys'];
  readonly #path: string;

  constructor({ keys, state }: Pick<Configuration, 'keys' | 'state'>) {
    this.#given = keys;
    this.#path = join(state, 'connections.key');
  }

  /** What seals from now on, and is made where there is none. */
  get now(): KeyObject {
    return this.#given.connections ?? keptKey(this.#path);
  }

  /** Null where neither key opens it: each is another one, or what stands beside it is not what stood there. */
  unseal(beside: JsonObject, sealed: string): Unsealed | null {
    // Where there is none, what is sealed cannot be opened, and one that is made now would not help.
    const now = this.#given.connections ?? keyThatIs(this.#path);
    const secrets = now && unseal(now, beside, sealed);
    if (secrets !== null) return { secrets, isFormer: false };
    for (const former of [this.#given.connectionsBefore, keyThatIs(`${this.#path}.before`)]) {
      const opened = former ? unseal(former, beside, sealed) : null;
      if (opened !== null) return { secrets: opened, isFormer: true };
    }
    return null;
  }
}
