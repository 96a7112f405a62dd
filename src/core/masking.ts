/** What a value is for its reader, so that what takes its place can be read the same way. `other` is whatever is not in the list. */
export const valueKinds = [
  'text',
  'integer',
  'numeric',
  'float',
  'boolean',
  'uuid',
  'date',
  'time',
  'timestamp',
  'interval',
  'json',
  'bytes',
  'inet',
  'mac',
  'array',
  'other',
] as const;
export type ValueKind = (typeof valueKinds)[number];

/** A column of a result, as far as masking must know it. */
export interface ResultColumn {
  /**
   * Every column of the target that can have had a part in the values, by `columnKey`; `unknown` where that cannot be told. A place in
   * a document is named by its JSON pointer, with `*` for each place in a list.
   */
  readonly sources: ReadonlySet<string> | 'unknown';
  /**
   * Whether the values are those of one stored column as they stand (which `sources` may then name several times: a view's column
   * and the one behind it, a partition's and its parent's). What is computed from a masked column is redacted whole: a partial form
   * or pseudonym of a piece that the client chose would give the value away piece by piece.
   */
  readonly direct: boolean;
  /** The name that the client sees. */
  readonly label: string | null;
  readonly kind: ValueKind;
}

/** What masked a value, and where. Never the value. */
export interface Masked {
  /** The entry of the configuration, such as `columns[0]`. */
  readonly rule: string;
  /** The result's column, by its label; null for free text. */
  readonly column: string | null;
  /** The detector or pattern; null for a rule by column. */
  readonly detector: string | null;
}

export type MaskedCount = Masked & { readonly count: number };

/** How much was masked, for the record: counts by rule, column and detector. */
export class Tally {
  readonly #counts = new Map<string, Masked & { count: number }>();
  /** The first of them: a result has few, its columns take turns, and a key is dearer than a mask. */
  readonly #few: (Masked & { count: number })[] = [];

  add(rule: string, column: string | null, detector: string | null, count = 1): void {
    for (const entry of this.#few)
      if (entry.rule === rule && entry.column === column && entry.detector === detector) {
        entry.count += count;
        return;
      }
    const entry = this.#entry(rule, column, detector);
    entry.count += count;
    if (this.#few.length < 16 && !this.#few.includes(entry)) this.#few.push(entry);
  }

  #entry(rule: string, column: string | null, detector: string | null): Masked & { count: number } {
    const key = `${rule}\0${detector ?? ''}\0${column ?? ''}`;
    let entry = this.#counts.get(key);
    if (entry === undefined) this.#counts.set(key, (entry = { rule, column, detector, count: 0 }));
    return entry;
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** In the order in which each was masked first. */
  entries(): readonly MaskedCount[] {
    return [...this.#counts.values()];
  }
}

/** What happens to the values of one column of a result. */
export interface ColumnMask {
  /** What the client gets for a value in the text form of the column's kind, or null. The value itself where nothing is found in it. */
  apply(text: string, tally: Tally): string | null;
  /** What takes the place of every value alike; undefined where it depends on the value. */
  readonly always: string | null | undefined;
  /** For values that were given `always` without asking. */
  count(values: number, tally: Tally): void;
}

/** Whether a column of the target, by its `columnKey`, may be seen as it is; null asks it of the connection as a whole. */
export type MayBeSeen = (source: string | null) => boolean;

/** What masks the data of one connection. */
export interface ConnectionMasking {
  /** Whether it has rules by column: a text that can quote a row must then be withheld. */
  readonly byColumn: boolean;
  /** Whether it has rules by place in a document: what is no document must then be withheld. */
  readonly byPlace: boolean;
  /** What happens to the columns of a result, in their order, null for one that passes; null where all of it passes as it is. */
  plan(columns: readonly ResultColumn[], mayBeSeen: MayBeSeen): readonly (ColumnMask | null)[] | null;
  /** Free text, with what detectors and patterns find masked. It does not know of rules by column. */
  text(text: string, tally: Tally): string;
}

/** The port that stages/masking fills: null where nothing of the connection is masked. */
export type Masking = (connection: string) => ConnectionMasking | null;

/** What masks the data of one session, and whether its principal may see it as it is. */
export interface SessionMasking extends Omit<ConnectionMasking, 'plan'> {
  plan(columns: readonly ResultColumn[]): readonly (ColumnMask | null)[] | null;
  /** Whether any rule looks at one of these columns, whoever asks: where none does, that stays so. */
  touches(columns: readonly ResultColumn[]): boolean;
  /** Whether the principal may see all of the connection as it is. */
  allMayBeSeen(): boolean;
  /** Whether what is masked is to be handed on with its original, which the record seals. */
  readonly keepsOriginals: boolean;
}
