import type { ResultColumn } from '../../core/masking.ts';
import type { Lineage } from '../../sql/lineage.ts';
import type { StatementMeaning } from '../../sql/statement.ts';
import type { ReadStatement } from './read-statement.ts';

/** Reads settings that hold any text. Of code that nobody has read more is not presumed: drivers ask for the others all the time. */
const readsSettings = /show\s+all|current_setting|settings|application_name|search_path|timezone|time\s+zone/i;

/**
 * Whether a session's settings may hold masked values: `set_config` takes any, and SHOW tells it again. From then on a column that
 * comes from no table of the target's users may show one.
 */
export class SettingsDoubt {
  readonly #masks: (sources: ResultColumn['sources']) => boolean;
  #certain = false;
  #possible = false;

  constructor(masks: (sources: ResultColumn['sources']) => boolean) {
    this.#masks = masks;
  }

  /** Takes note of a statement before it is sent; true where it begins to matter. */
  note(statement: ReadStatement): boolean {
    const { meaning } = statement;
    if (this.#certain) return false;
    const opaque = meaning === null || meaning.deeds.some(({ effect }) => effect === 'unknown');
    const sets = meaning !== null && (meaning.sets.some(({ value, toDefault }) => value === null && !toDefault) || seeds(meaning));
    const before = this.#possible;
    this.#possible ||= opaque;
    if (sets) this.#certain = this.#mayMask(statement.lineage());
    return this.#certain || this.#possible !== before;
  }

  #mayMask(lineage: Lineage | null): boolean {
    return lineage === null || this.#masks(lineage.whole) || this.#masks(lineage.filters);
  }

  /** Whether anything that this text shows may be doubted. */
  doubts(text: string): boolean {
    return this.#certain || (this.#possible && readsSettings.test(text));
  }

  /** Whether a value from these columns, of this text, may be one that was put into a setting. */
  covers(sources: ResultColumn['sources'], text: string): boolean {
    return this.doubts(text) && sources !== 'unknown' && [...sources].every((source) => /^(pg_catalog|information_schema)\./.test(source));
  }
}

/** What `setseed` was given can be told from the random numbers that follow. */
function seeds({ facts }: StatementMeaning): boolean {
  return facts.functions.includes('pg_catalog.setseed');
}
