import type { Setting } from '../../sql/setting.ts';
import type { StatementMeaning } from '../../sql/statement.ts';

/** The parts of a session's setting that a text may be read by, as bits. */
export const consults = { path: 1, strings: 2, temporary: 4, names: 8, all: 15 } as const;

/** What a statement may change of the session's setting. */
export interface Aftermath {
  /** What is not known any more, as bits of {@link consults}. */
  readonly doubts: number;
  /** Temporary relations that there may be by now. */
  readonly temporary: readonly string[];
}

/** A setting that notes which of its parts were looked at. */
export function watched(setting: Setting): { readonly setting: Setting; consulted(): number } {
  let consulted = 0;
  return {
    consulted: () => consulted,
    setting: {
      get searchPath() {
        consulted |= consults.path;
        return setting.searchPath;
      },
      standardConformingStrings: setting.standardConformingStrings,
      get temporary() {
        consulted |= consults.temporary;
        return setting.temporary;
      },
      prepared: (name) => {
        consulted |= consults.names;
        return setting.prepared(name);
      },
      cursor: (name) => {
        consulted |= consults.names;
        return setting.cursor(name);
      },
    },
  };
}

const none: Aftermath = { doubts: 0, temporary: [] };

/** Settings by which names are found, or that say whose `"$user"` is. */
const pathSettings = new Set(['search_path', 'role', 'session_authorization', '*']);
const stringSettings = new Set(['standard_conforming_strings', '*']);
/** Statements that make or give up names of prepared statements and cursors. */
const naming = new Set(['deallocate', 'close', 'discard']);

export function aftermathOf({ deeds, sets, leaves, facts }: StatementMeaning): Aftermath {
  // What is not understood may have made anything of the session's own.
  if (deeds.some(({ effect }) => effect === 'unknown')) return { doubts: consults.all, temporary: leaves.temporary };
  let doubts = 0;
  for (const { name } of sets) {
    if (pathSettings.has(name)) doubts |= consults.path;
    if (stringSettings.has(name)) doubts |= consults.strings;
  }
  if (leaves.prepared !== null || leaves.cursor !== null || deeds.some(({ verb }) => naming.has(verb))) doubts |= consults.names;
  // A trigger is code that nobody has looked at.
  if (facts.triggers) doubts |= consults.path | consults.strings;
  return doubts === 0 && leaves.temporary.length === 0 ? none : { doubts, temporary: leaves.temporary };
}
