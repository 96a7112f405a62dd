import type { Action } from '../../core/action.ts';
import { type Lineage, statementLineage } from '../../sql/lineage.ts';
import { type ParsedStatement, type Parsed, parseStatements } from '../../sql/parse.ts';
import type { SchemaSnapshot } from '../../sql/schema-snapshot.ts';
import type { Context, Setting } from '../../sql/setting.ts';
import { settingAfter } from '../../sql/setting-after.ts';
import { literalsOf, shapeOf } from '../../sql/shape.ts';
import { snapshotOf } from '../../sql/snapshot-query.ts';
import { type StatementMeaning, statementMeaning } from '../../sql/statement.ts';
import { watchLiterals } from '../../sql/watched-literals.ts';
import { noFacts, prepareAction, statementAction, unknownAction } from './actions.ts';
import { after } from './at-once.ts';
import { KeptReadings, Repetitions } from './kept-readings.ts';
import type { ReadStatement } from './read-statement.ts';
import { type Aftermath, aftermathOf, consults, watched as watchSetting } from './setting-doubts.ts';

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

/** A longer text is not kept, whatever it says. */
const longestKept = 32 * 1024;

/** Reads the texts of one connection's sessions; what comes again, but for its literals, is read once for each lens. */
export class StatementReader {
  #texts = new KeptReadings<ReadText>();
  /** Null for a shape whose texts must each be read for themselves. */
  #shapes = new KeptReadings<ReadShape | null>();
  #snapshot: SchemaSnapshot | null = null;
  readonly #seenTexts = new Repetitions();
  readonly #seenShapes = new Repetitions();

  /** At once where the text or its shape is known, or short once the parser is loaded. */
  read(text: string, lens: Lens, defaults: Defaults): ReadText | Promise<ReadText> {
    if (lens.snapshot !== this.#snapshot) this.#forget(lens.snapshot);
    const known = this.#texts.get(lens.key, text);
    if (known !== undefined) return known;
    const shape = shapeOf(text);
    const read = shape ? this.#shapes.get(lens.key, shape) : null;
    if (read) return this.#kept(text, lens, read.as(text, lens.setting));
    return this.#parse(text, shape, read, lens, defaults);
  }

  #parse(text: string, shape: string | null, read: null | undefined, lens: Lens, defaults: Defaults): ReadText | Promise<ReadText> {
    return after(parseStatements(text, lens.setting.standardConformingStrings), (parsed) => {
      const whole = readParsed(text, parsed, lens, defaults);
      if (lens.snapshot !== this.#snapshot || (whole.consulted & consults.names) !== 0) return whole;
      if (shape !== null && read === undefined && this.#seenShapes.has(shape))
        this.#shapes.put(lens.key, shape, readShape(text, parsed, lens));
      return this.#kept(text, lens, whole);
    });
  }

  #forget(snapshot: SchemaSnapshot | null): void {
    this.#snapshot = snapshot;
    this.#texts = new KeptReadings();
    this.#shapes = new KeptReadings();
  }

  #kept(text: string, { key }: Lens, read: ReadText): ReadText {
    if (text.length <= longestKept && this.#seenTexts.has(text)) this.#texts.put(key, text, read);
    return read;
  }
}

/** What all texts of a shape have in common. */
class ReadShape {
  readonly #statement: GateStatement;
  readonly #consulted: number;

  constructor(statement: GateStatement, consulted: number) {
    this.#statement = statement;
    this.#consulted = consulted;
  }

  as(text: string, setting: Setting): ReadText {
    return { statements: [this.#statement.alike(text, setting)], consulted: this.#consulted };
  }
}

/** Null where what is found, lineage included, may hang on the value of a literal. */
function readShape(text: string, parsed: Parsed, lens: Lens): ReadShape | null {
  if ('unreadable' in parsed) return null;
  const [only, ...others] = parsed.statements;
  const watched = only === undefined || others.length > 0 ? null : watchLiterals(only, text, literalsOf(text));
  if (watched === null) return null;
  const watch = watchSetting(lens.setting);
  const statement = GateStatement.read(text, watched.statement, lens.snapshot, watch.setting);
  const consulted = watch.consulted();
  statement.lineage();
  return watched.consulted() || (watch.consulted() & consults.names) !== 0 ? null : new ReadShape(statement, consulted);
}

function readParsed(text: string, parsed: Parsed, lens: Lens, defaults: Defaults): ReadText {
  const strings = text.includes('\\') ? consults.strings : 0;
  if ('unreadable' in parsed)
    return { statements: [GateStatement.unreadable(text, parsed.unreadable, parsed.isMisspelt)], consulted: strings };
  const [first, ...more] = parsed.statements;
  if (first === undefined) return { statements: [GateStatement.empty(text)], consulted: 0 };
  const watch = watchSetting(lens.setting);
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
  /** What PostgreSQL's grammar has against it; null where it knows it, or was not asked. */
  readonly complaint: string | null;

  private constructor(
    action: Action,
    meaning: StatementMeaning | null,
    aftermath: Aftermath,
    tracing: { readonly statement: ParsedStatement; readonly context: Context } | null,
    lineage: Lineage | null | undefined,
    origin: Origin | null,
    complaint: string | null = null,
  ) {
    this.action = action;
    this.meaning = meaning;
    this.aftermath = aftermath;
    this.#tracing = tracing;
    this.#lineage = lineage;
    this.#origin = origin;
    this.complaint = complaint;
  }

  static of(statement: ParsedStatement, snapshot: SchemaSnapshot | null, setting: Setting): GateStatement {
    return GateStatement.read(statement.text, statement, snapshot, setting);
  }
  /** `text` is what is shown of it, and judged by nobody. */
  static read(text: string, statement: ParsedStatement, snapshot: SchemaSnapshot | null, setting: Setting): GateStatement {
    const context = { snapshot: snapshot ?? noCatalog, setting };
    const meaning = statementMeaning(statement, context);
    if (snapshot === null && namesSomething(meaning)) return GateStatement.unreadable(text, withoutCatalog);
    const tracing = { statement, context };
    return new GateStatement(statementAction(text, meaning), meaning, aftermathOf(meaning), tracing, undefined, {
      text,
      snapshot,
      setting,
    });
  }
  /** A text that is not understood, or not seen: it may leave the session in any state. */
  static unreadable(text: string, why: string, isMisspelt = false): GateStatement {
    const doubts = { doubts: consults.all, temporary: [] };
    return new GateStatement(unknownAction(text, why), null, doubts, null, untraceable, null, isMisspelt ? why : null);
  }
  /** Nothing but comments and space. */
  static empty(text: string): GateStatement {
    return new GateStatement(statementAction(text, nothing), nothing, nothingAfter, null, null, null);
  }

  /** The same under another text. */
  shownAs(text: string): GateStatement {
    return this.#as(text, this.#origin);
  }
  /** Another text of the same shape. What it demands, and its facts, stay the same objects, so that policy judges them once. */
  alike(text: string, setting: Setting): GateStatement {
    return this.#as(text, this.#origin && { text, snapshot: this.#origin.snapshot, setting });
  }
  #as(text: string, origin: Origin | null): GateStatement {
    return new GateStatement({ ...this.action, text }, this.meaning, this.aftermath, this.#tracing, this.#lineage, origin, this.complaint);
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
