import { type ColumnMask, type ResultColumn, type SessionMasking, Tally } from '../../core/masking.ts';
import type { Lineage } from '../../sql/lineage.ts';
import { stands } from '../../sql/lineage-relations.ts';
import { MalformedBytes } from '../../wire/byte-reader.ts';
import { CopyMasking } from './copy-masking.ts';
import { maskedRowLimit, TooLongToMask, UnreadableCopy } from './held-bytes.ts';
import type { MaskedWords } from './masked-words.ts';
import { maskPlan, type Said } from './masking-words.ts';
import type { ReadStatement } from './read-statement.ts';
import { type DescribedColumn, readColumns } from './row-description.ts';
import type { RowBuffer } from './row-buffer.ts';
import { SettingsDoubt } from './settings-doubt.ts';
import { type CellMask, cellMask, NullRows, RowMasking } from './row-masking.ts';
import type { Showing } from './showing.ts';
import type { StatementExchange } from './statement-exchange.ts';
import { kindOf } from './value-kinds.ts';

const code = (letter: string): number => letter.charCodeAt(0);
const [ROW_DESCRIPTION, DATA_ROW, COPY_OUT, COPY_DATA, COPY_DONE] = ['T', 'D', 'H', 'd', 'c'].map(code);
const headerBytes = 5;
const planColumn = 'QUERY PLAN';

/** What was said of a text's result, and by what lineage. */
interface Described {
  readonly message: Buffer;
  readonly columns: readonly DescribedColumn[];
  readonly lineage: string;
}

/** What is known of a statement's result as it is described. */
interface Touch {
  readonly message: Buffer;
  /** Whether any rule looks at it, whoever asks. */
  readonly touched: boolean;
  /** What masking is asked about. */
  readonly columns: readonly ResultColumn[];
  /** What was made of the last answer. */
  made: { readonly masks: readonly (ColumnMask | null)[]; readonly formats: string; readonly cells: readonly (CellMask | null)[] } | null;
}

/** Texts of which a session remembers how their results were described: drivers describe one once and run it many times. */
const rememberedTexts = 1_000;
const longestRemembered = 64 * 1024;

/** Decides what of a session's replies is masked, result by result, and does it. */
export class ResultMasks {
  readonly #masking: SessionMasking;
  readonly #words: MaskedWords;
  readonly #described = new Map<string, Described>();
  #touches = new WeakMap<ReadStatement, Touch>();
  /** Of results that no rule looks at, by the lineage that all texts of a shape share. */
  readonly #untouched = new WeakMap<Lineage, Touch>();
  readonly #settings: SettingsDoubt;

  constructor(masking: SessionMasking, words: MaskedWords) {
    this.#masking = masking;
    this.#words = words;
    const column = { direct: false, label: null, kind: 'text' } as const;
    this.#settings = new SettingsDoubt((sources) => masking.byColumn && masking.touches([{ ...column, sources }]));
  }

  /** Whether what is replaced goes on record, sealed. */
  get keepsOriginals(): boolean {
    return this.#masking.keepsOriginals;
  }

  /** Takes note of a statement that is about to be sent. */
  note(statement: ReadStatement | null): void {
    if (statement !== null && this.#masking.byColumn && this.#settings.note(statement)) this.#touches = new WeakMap();
  }

  /** Writes to `out` what takes the message's place, which may be nothing; false where it passes as it is. */
  replace(type: number, owner: StatementExchange | null, buffer: Buffer, from: number, to: number, out: RowBuffer): boolean {
    const words = this.#words.take(type, owner, buffer, from, to);
    if (words !== null) {
      out.begin();
      out.copy(words, 0, words.length);
      return true;
    }
    if (owner === null) return false;
    switch (type) {
      case ROW_DESCRIPTION:
        this.#describe(owner, buffer, from, to);
        return false;
      case COPY_OUT:
        owner.showing = this.#planCopy(owner, buffer, from);
        return false;
      case DATA_ROW:
      case COPY_DATA:
        return this.#row(owner, buffer, from, to, out);
      case COPY_DONE:
        return this.#endCopy(owner, buffer, from, to, out);
      default:
        return false;
    }
  }

  /** What these exchanges' client has said, of which one is being answered. */
  said(asking: readonly StatementExchange[]): Said {
    const touches = asking.length === 0 || asking.some(({ statement }) => this.#readsMasked(statement));
    return { text: asking.map(({ action }) => action.text).join('\n'), touches };
  }

  #readsMasked(statement: ReadStatement | null): boolean {
    // SET and the like read no table, and have no rows.
    if (statement?.lineage() === null && statement.meaning?.deeds.every(({ verb }) => verb === 'set' || verb === 'transaction'))
      return false;
    const { whole, filters } = lineageOf(statement);
    const column = { direct: false, label: null, kind: 'other' } as const;
    return [whole, filters].some((sources) => this.#masking.touches([{ ...column, sources }]));
  }

  /** Whether a long message must be held until it is whole. Throws where it is too long for that. */
  holds(type: number, owner: StatementExchange | null, total: number): boolean {
    if (owner === null || (type !== DATA_ROW && type !== COPY_DATA) || this.#showing(owner) === null) return false;
    if (total > maskedRowLimit) throw new TooLongToMask(total);
    return true;
  }

  /** A piece of a message that was not held: none of its values may be one that must be masked. */
  pieceOf(type: number, owner: StatementExchange | null): void {
    if (owner !== null && this.holds(type, owner, 0)) throw new MalformedBytes('a piece of a row that must be masked');
  }

  #row(owner: StatementExchange, buffer: Buffer, from: number, to: number, out: RowBuffer): boolean {
    const showing = this.#showing(owner);
    if (showing === null) return false;
    out.begin();
    showing.write(buffer, from, to, out);
    return true;
  }

  #endCopy(owner: StatementExchange, buffer: Buffer, from: number, to: number, out: RowBuffer): boolean {
    if (owner.showing?.finish === undefined) return false;
    out.begin();
    owner.showing.finish(out);
    out.copy(buffer, from, to);
    owner.showing = null;
    return true;
  }

  #showing(owner: StatementExchange): Showing | null {
    if (owner.showing !== undefined) return owner.showing;
    // Nobody has described this result: what was said of its text before holds, with the formats that Bind has asked for.
    const described = owner.statement === null ? undefined : this.#described.get(owner.statement.action.text);
    return (owner.showing = described === undefined ? this.#planUndescribed(owner) : this.#plan(owner, described, owner.formats));
  }

  #describe(owner: StatementExchange, buffer: Buffer, from: number, to: number): void {
    const { statement } = owner;
    // A statement is described without formats, because Bind has them; a portal has those of its Bind.
    const shape = this.#shapeOf(owner);
    const known = (shape && this.#untouched.get(shape)) ?? (statement === null ? undefined : this.#touches.get(statement));
    if (known?.touched === false && isSame(known.message, buffer, from, to)) owner.showing = null;
    else {
      const described = this.#remember(owner, Buffer.from(buffer.subarray(from, to)));
      owner.showing = this.#plan(owner, described, owner.formats ?? described.columns.map(({ format }) => format));
    }
  }

  /**
   * What all texts of a shape have in common; null where a text must be looked at by itself. Of a simple query nothing need be
   * remembered by its text, since its result is described before each answer.
   */
  #shapeOf({ action, statement, formats }: StatementExchange): Lineage | null {
    if (statement === null || statement.meaning === null || formats !== null || action !== statement.action) return null;
    return this.#settings.doubts(action.text) ? null : statement.lineage();
  }

  #remember({ statement }: StatementExchange, message: Buffer): Described {
    const text = statement?.action.text ?? '';
    const before = this.#described.get(text);
    const lineage = spelled(lineageOf(statement));
    if (before !== undefined && before.lineage === lineage && before.message.equals(message)) return before;
    const described = { message, columns: readColumns(message.subarray(headerBytes)), lineage };
    if (statement === null || text.length > longestRemembered) return described;
    if (this.#described.size >= rememberedTexts) this.#described.clear();
    this.#described.set(text, described);
    return described;
  }

  #touch(owner: StatementExchange, { message, columns, lineage }: Described): Touch {
    const { statement } = owner;
    const known = statement === null ? undefined : this.#touches.get(statement);
    if (known !== undefined && known.message.equals(message)) return known;
    // Where the text meant something else when it was described, what stood as it stands may not do so now.
    const sure = spelled(lineageOf(statement)) === lineage ? columns : columns.map((column) => ({ ...column, table: 0 }));
    const result = resultColumns(sure, this.#lineage(statement));
    const touch = { message, touched: this.#isPlan(columns) || this.#masking.touches(result), columns: result, made: null };
    if (statement !== null) this.#touches.set(statement, touch);
    const shape = touch.touched ? null : this.#shapeOf(owner);
    if (shape !== null) this.#untouched.set(shape, touch);
    return touch;
  }

  #isPlan(columns: readonly DescribedColumn[]): boolean {
    return columns.length === 1 && columns[0]?.name === planColumn && this.#masking.byColumn;
  }

  /** With what settings may hold taken for unknown. */
  #lineage(statement: ReadStatement | null): Lineage {
    const lineage = lineageOf(statement);
    const text = statement?.action.text ?? '';
    const doubted = (sources: Lineage['whole']) => (this.#settings.covers(sources, text) ? 'unknown' : sources);
    const columns = lineage.columns?.map(({ name, sources }) => ({ name, sources: doubted(sources) })) ?? null;
    return { ...lineage, columns, whole: doubted(lineage.whole) };
  }

  #plan(owner: StatementExchange, described: Described, formats: readonly number[] | null): RowMasking | null {
    const touch = this.#touch(owner, described);
    if (!touch.touched) return null;
    const masks = this.#masking.plan(touch.columns);
    const { columns } = described;
    if (this.#isPlan(columns) && !this.#masking.allMayBeSeen())
      return rowMasking(owner, cellsOf([masks?.[0] ?? this.#planText(owner)], columns, formats));
    if (masks === null) return null;
    const wanted = formats === null ? '' : formats.join();
    if (touch.made?.masks !== masks || touch.made.formats !== wanted)
      touch.made = { masks, formats: wanted, cells: cellsOf(masks, columns, formats) };
    return rowMasking(owner, touch.made.cells);
  }

  /** Of a result that was never described neither types nor formats are known: what must be masked is NULL. */
  #planUndescribed(owner: StatementExchange): Showing | null {
    const { columns, whole } = this.#lineage(owner.statement);
    if (columns === null) {
      const masks = this.#masking.plan([{ sources: whole, direct: false, label: null, kind: 'other' }]);
      return masks === null ? null : new NullRows(tallyOf(owner));
    }
    const masks = this.#masking.plan(columns.map(({ name, sources }) => ({ sources, direct: false, label: name, kind: 'other' })));
    return masks === null
      ? null
      : rowMasking(
          owner,
          masks.map((mask) => cellMask(mask, { type: null, format: null })),
        );
  }

  #planText(owner: StatementExchange): ColumnMask {
    const asked = owner.action.text;
    return {
      apply: (text, tally) => maskPlan(text, asked, this.#masking, tally),
      always: undefined,
      count: () => {},
    };
  }

  #planCopy(owner: StatementExchange, buffer: Buffer, from: number): CopyMasking | null {
    const lineage = this.#lineage(owner.statement);
    const count = buffer.readUInt16BE(from + headerBytes + 1);
    const named =
      lineage.columns?.length === count ? lineage.columns : Array.from({ length: count }, () => ({ name: null, sources: unlike(lineage) }));
    const { copy, types } = lineage;
    // In binary a value of another length could be valid by chance: what is masked there is NULL.
    const typed = copy?.format !== 'binary' && types?.length === count ? types : null;
    const columns = named.map(({ name, sources }, index): ResultColumn => {
      const kind = typed === null ? 'other' : kindOf(typed[index] ?? 0);
      return { sources, direct: typed !== null && stands(sources), label: name, kind };
    });
    const masks = this.#masking.plan(columns);
    if (masks === null) return null;
    if (copy === null || copy === undefined) throw new UnreadableCopy();
    if (copy.format === 'binary' || typed !== null) return new CopyMasking(copy, masks, tallyOf(owner));
    const texts = this.#masking.plan(columns.map((column) => ({ ...column, kind: 'text' as const })));
    const chosen = masks.map((mask, index) => (mask === null || mask.always !== undefined ? mask : plainText(texts?.[index] ?? mask)));
    return new CopyMasking(copy, chosen, tallyOf(owner));
  }
}

/** A copy names no types. What is found in a value is masked in its place, unless the value looks like more than text. */
function plainText(mask: ColumnMask): ColumnMask {
  return {
    apply: (text, tally) => {
      const masked = mask.apply(text, tally);
      return masked !== text && /^[[{(\\]|^[-+0-9a-f.:/eE ]+$/i.test(text) ? null : masked;
    },
    always: undefined,
    count: () => {},
  };
}

function rowMasking(owner: StatementExchange, cells: readonly (CellMask | null)[]): RowMasking | null {
  return cells.every((cell) => cell === null) ? null : new RowMasking(cells, tallyOf(owner));
}

function cellsOf(
  masks: readonly (ColumnMask | null)[],
  columns: readonly DescribedColumn[],
  formats: readonly number[] | null,
): readonly (CellMask | null)[] {
  const formatOf = (index: number) => (formats === null ? null : ((formats.length === 1 ? formats[0] : formats[index]) ?? 0));
  return masks.map((mask, index) => cellMask(mask, { type: columns[index]?.type ?? null, format: formatOf(index) }));
}

function tallyOf(owner: StatementExchange): Tally {
  return (owner.tally ??= new Tally());
}

const untold: Lineage = { columns: null, whole: 'unknown', filters: 'unknown' };

function lineageOf(statement: ReadStatement | null): Lineage {
  return statement?.lineage() ?? untold;
}

function spelled({ columns, whole }: Lineage): string {
  const each = (sources: Lineage['whole']) => (sources === 'unknown' ? '?' : [...sources].join());
  return columns === null ? `*${each(whole)}` : columns.map(({ sources }) => each(sources)).join('|');
}

function isSame(message: Buffer, buffer: Buffer, from: number, to: number): boolean {
  return message.length === to - from && message.compare(buffer, from, to) === 0;
}

/** What each column is from where their number is not known, or is another than was known. */
function unlike({ columns, whole }: Lineage): Lineage['whole'] {
  return columns === null ? whole : 'unknown';
}

/** The columns that the target announces, with what is known of where they come from: nothing where it announces others. */
function resultColumns(columns: readonly DescribedColumn[], lineage: Lineage): readonly ResultColumn[] {
  const known = lineage.columns;
  const alike =
    known === null || (known.length === columns.length && known.every(({ name }, index) => name === null || name === columns[index]?.name));
  return columns.map(({ name, table, type }, index) => {
    const sources = !alike ? 'unknown' : known === null ? lineage.whole : (known[index]?.sources ?? 'unknown');
    return { sources, direct: table !== 0 && stands(sources), label: name, kind: kindOf(type) };
  });
}
