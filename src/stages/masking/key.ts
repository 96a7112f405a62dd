import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { keptKey } from '../../wire/kept-key.ts';

/**
 * The key of pseudonyms, in the state folder. Whoever has it can test guesses against pseudonyms, and whoever loses it gets others for
 * the same values.
 */
export function pseudonymKey(stateFolder: string): KeyObject {
  return keptKey(join(stateFolder, 'pseudonym.key'));
}
