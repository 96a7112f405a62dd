import type { Action } from '../../core/action.ts';
import { type Lineage, statementLineage } from '../../sql/lineage.ts';
import { type ParsedStatement, type Parsed, parseStatements } from '../../sql/parse.ts';
import type { SchemaSnapshot } from '../../sql/schema-snapshot.ts';
import type { Context, Setting } from '../../sql/setting.ts';
import { settingAfter } from '../../sql/setting-after.ts';
import { snapshotOf } from '../../sql/snapshot-query.ts';
import { type StatementMeaning, statementMeaning } from '../../sql/statement.ts';
import { noFacts, prepareAction, statementAction, unknownAction } from './actions.ts';
import { after } from './at-once.ts';
import type { ReadStatement } from './read-statement.ts';
import { type Aftermath, aftermathOf, consults, watched } from './setting-doubts.ts';

/** What is known where a text is read. */
export interface Lens {
  /** Null where the catalog could not be read: then nothing is known of what a name means. */
  readonly snapshot: SchemaSnapshot | null;
  readonly setting: Setting;
  /** The same for every setting of which texts mean the same, names of prepared statements and cursors left out. */
  readonly key: string;
}

/** What a session goes back to when it resets a setting. */
interface Defaults {
  readonly user: string;
  readonly searchPath: string;
}

/** A text of the client's, read. */
export interface ReadText {
  /** Never empty. */
  readonly statements: readonly GateStatement[];
  /** Which parts of the setting it was read by, as bits. */
  readonly consulted: number;
}

/** Weights of what is kept, in characters: a parse tree takes some thirty times its text. */
const heaviest = 1024 * 1024;
const longestKept = 32 * 1024;
const entryWeight = 64;
/** A text that comes once is not kept: those with literals of their own would push out the others. */
const rememberedTexts = 4_096;

/** Reads the texts of one connection's sessions; what comes again is read once for each lens. */
export class StatementReader {
  #young = new Map<string, Map<string, ReadText>>();
  #old = new Map<string, Map<string, ReadText>>();
  #weight = 0;
  #snapshot: SchemaSnapshot | null = null;
  #seen = new Set<string>();

  /** At once where the text is known, or short once the parser is loaded. */
  read(text: string, lens: Lens, defaults: Defaults): ReadText | Promise<ReadText> {
    if (lens.snapshot !== this.#snapshot) this.#forget(lens.snapshot);
    const known = this.#young.get(lens.key)?.get(text) ?? this.#old.get(lens.key)?.get(text);
    if (known !== undefined) return known;
    return after(parseStatements(text, lens.setting.standardConformingStrings), (parsed) => {
      const read = readParsed(text, parsed, lens, defaults);
      if (lens.snapshot === this.#snapshot && (read.consulted & consults.names) === 0) this.#keep(text, lens.key, read);
      return read;
    });
  }

  #forget(snapshot: SchemaSnapshot | null): void {
    this.#snapshot = snapshot;
    this.#young = new Map();
    this.#old = new Map();
    this.#weight = 0;
  }

  #keep(text: string, key: string, read: ReadText): void {
    if (text.length > longestKept) return;
    if (!this.#seen.has(text)) {
      if (this.#seen.size >= rememberedTexts) this.#seen = new Set();
      this.#seen.add(text);
      return;
    }
    if (this.#weight > heaviest / 2) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#weight = 0;
    }
    const kept = this.#young.get(key) ?? new Map<string, ReadText>();
    this.#young.set(key, kept.set(text, read));
    this.#weight += text.length + entryWeight + key.length;
  }
}

function readParsed(text: string, parsed: Parsed, lens: Lens, defaults: Defaults): ReadText {
  const strings = text.includes('\\') ? consults.strings : 0;
  if ('unreadable' in parsed) return { statements: [GateStatement.unreadable(text, parsed.unreadable)], consulted: strings };
  const [first, ...more] = parsed.statements;
  if (first === undefined) return { statements: [GateStatement.empty(text)], consulted: 0 };
  const watch = watched(lens.setting);
  if (more.length === 0)
    return { statements: [GateStatement.of({ ...first, text }, lens.snapshot, watch.setting)], consulted: watch.consulted() | strings };
  return { statements: readInTurn(parsed.statements, lens.snapshot, watch.setting, defaults), consulted: watch.consulted() | strings };
}

/** Each statement of a text is read by what those before it leave, because all are judged before the first of them runs. */
function readInTurn(
  parsed: readonly ParsedStatement[],
  snapshot: SchemaSnapshot | null,
  before: Setting,
  defaults: Defaults,
): readonly GateStatement[] {
  let setting = before;
  return parsed.map((statement) => {
    const read = GateStatement.of(statement, snapshot, setting);
    setting = behind(read, statement, setting, setting !== before, defaults);
    return read;
  });
}

/** What the next statement meets. Where something may have been taken back, or changed by code, no name is found. */
function behind(
  { meaning, aftermath }: GateStatement,
  statement: ParsedStatement,
  setting: Setting,
  changed: boolean,
  defaults: Defaults,
): Setting {
  if (meaning === null || (changed && meaning.facts.transactionControl)) return nothingKnown;
  if (aftermath.doubts === 0 && aftermath.temporary.length === 0) return setting;
  const after = settingAfter(setting, statement, meaning, { ...defaults, standardConformingStrings: true });
  const followed = meaning.deeds.every(({ effect, verb }) => effect !== 'unknown' && verb !== 'set-role') && !meaning.facts.triggers;
  return followed ? after : { ...after, searchPath: [] };
}

const nothingKnown: Setting = {
  searchPath: [],
  standardConformingStrings: false,
  temporary: null,
  prepared: () => null,
  cursor: () => null,
};

const noCatalog = snapshotOf([]);
const withoutCatalog = 'a name, while the catalog of the target cannot be read';

/** Whether what a statement does hangs on what its names mean. */
function namesSomething({ facts, deeds }: StatementMeaning): boolean {
  return facts.unresolved || facts.functions.length > 0 || deeds.some(({ object }) => object !== null && !nameless.has(object.type));
}
/** Types of objects that no catalog is needed for. */
const nameless: ReadonlySet<string> = new Set(['Setting', 'Channel', 'File', 'Program', 'Prepared', 'Cursor', 'Syntax']);

/** A text that has no statement in it does nothing. */
const nothing: StatementMeaning = {
  deeds: [{ verb: 'select', effect: 'read', object: null }],
  facts: noFacts,
  sets: [],
  leaves: { prepared: null, cursor: null, temporary: [] },
};

interface Origin {
  readonly text: string;
  readonly snapshot: SchemaSnapshot | null;
  readonly setting: Setting;
}

const untraceable: Lineage = { columns: null, whole: 'unknown', filters: 'unknown' };
const nothingAfter: Aftermath = { doubts: 0, temporary: [] };

/** A statement as the gate knows it. */
export class GateStatement implements ReadStatement {
  readonly action: Action;
  readonly meaning: StatementMeaning | null;
  /** What of the session's setting is in doubt once it was sent. */
  readonly aftermath: Aftermath;
  #tracing: { readonly statement: ParsedStatement; readonly context: Context } | null;
  #lineage: Lineage | null | undefined;
  #prepare: Action | null = null;
  /** Of what it was read; null where no catalog has a say in it. */
  readonly #origin: Origin | null;

  private constructor(
    action: Action,
    meaning: StatementMeaning | null,
    aftermath: Aftermath,
    tracing: { readonly statement: ParsedStatement; readonly context: Context } | null,
    lineage: Lineage | null | undefined,
    origin: Origin | null,
  ) {
    this.action = action;
    this.meaning = meaning;
    this.aftermath = aftermath;
    this.#tracing = tracing;
    this.#lineage = lineage;
    this.#origin = origin;
  }

  static of(statement: ParsedStatement, snapshot: SchemaSnapshot | null, setting: Setting): GateStatement {
    const context = { snapshot: snapshot ?? noCatalog, setting };
    const meaning = statementMeaning(statement, context);
    if (snapshot === null && namesSomething(meaning)) return GateStatement.unreadable(statement.text, withoutCatalog);
    const action = statementAction(statement.text, meaning);
    const origin = { text: statement.text, snapshot, setting };
    return new GateStatement(action, meaning, aftermathOf(meaning), { statement, context }, undefined, origin);
  }
  /** A text that is not understood, or not seen: it may leave the session in any state. */
  static unreadable(text: string, why: string): GateStatement {
    return new GateStatement(unknownAction(text, why), null, { doubts: consults.all, temporary: [] }, null, untraceable, null);
  }
  /** Nothing but comments and space. */
  static empty(text: string): GateStatement {
    return new GateStatement(statementAction(text, nothing), nothing, nothingAfter, null, null, null);
  }

  /** The same under another text. */
  shownAs(text: string): GateStatement {
    return new GateStatement({ ...this.action, text }, this.meaning, this.aftermath, this.#tracing, this.#lineage, this.#origin);
  }

  /** The same statement by another catalog; itself where that is the one it was read by. */
  by(snapshot: SchemaSnapshot | null): GateStatement | Promise<GateStatement> {
    const origin = this.#origin;
    if (origin === null || origin.snapshot === snapshot) return this;
    const { text } = this.action;
    return after(parseStatements(origin.text, origin.setting.standardConformingStrings), (parsed) => {
      const [first, ...more] = 'unreadable' in parsed ? [] : parsed.statements;
      if (first === undefined || more.length > 0) return GateStatement.unreadable(text, 'a statement that cannot be read again');
      return GateStatement.of({ ...first, text: origin.text }, snapshot, origin.setting).shownAs(text);
    });
  }

  /** What is asked where it is prepared or described and not run. */
  get preparing(): Action {
    if (this.meaning === null) return this.action;
    this.#prepare ??= prepareAction(this.action.text, this.meaning);
    return this.#prepare;
  }

  lineage(): Lineage | null {
    if (this.#lineage === undefined) {
      this.#lineage = this.#tracing === null ? untraceable : statementLineage(this.#tracing.statement, this.#tracing.context);
      this.#tracing = null;
    }
    return this.#lineage;
  }
}
