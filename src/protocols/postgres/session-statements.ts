import type { Action } from '../../core/action.ts';
import { after } from './at-once.ts';
import type { BoundRequest } from './bound-request.ts';
import { type Catalog, catalogOf } from './catalog.ts';
import { SessionSetting, type SettingAnswer } from './session-setting.ts';
import { consults } from './setting-doubts.ts';
import { estimateRows } from './estimate.ts';
import type { Asker } from './own-line.ts';
import type { GateStatement, Lens, ReadText } from './statement-reader.ts';

/** What the target has told of a session by the time that it was ready. */
export interface Beginning {
  /** The settings that it has reported. */
  readonly reported: ReadonlyMap<string, string>;
  /** As the client's start-up message asked for it; null where it did not. */
  readonly searchPath: string | null;
}

/** Reads the statements of one session, each by what the session has set by then and by the catalog of its target. */
export class SessionStatements {
  readonly #asker: Asker;
  readonly #reported: Map<string, string>;
  readonly #searchPath: string | null;
  readonly #catalog: Catalog;
  #setting: SessionSetting | null = null;
  /** Whether statements of this session's transaction may change the catalog once it ends: surely, maybe or not. */
  #changes: 'not' | 'maybe' | 'surely' = 'not';

  constructor(asker: Asker, beginning: Beginning) {
    this.#asker = asker;
    this.#reported = new Map(beginning.reported);
    this.#searchPath = beginning.searchPath;
    this.#catalog = catalogOf(asker.target.settings);
  }

  /** At once where the text is known, and the catalog fresh. */
  read(text: string): ReadText | Promise<ReadText> {
    const looking = this.#catalog.fresh(this.#asker);
    return looking === undefined ? this.#readBy(text) : this.#readBehind(looking, text);
  }

  /** It may have been looked at for a session that has ended meanwhile. */
  #readBehind(looking: Promise<void>, text: string): Promise<ReadText> {
    return looking.then(() => (this.#catalog.known === null ? this.#catalog.fresh(this.#asker) : undefined)).then(() => this.#readBy(text));
  }

  #readBy(text: string): ReadText | Promise<ReadText> {
    const read = this.#readNow(text);
    if (!(read instanceof Promise) && !read.statements.some(isUnresolved)) return read;
    return this.#readSurely(read, text);
  }

  /** Where a name is not known, the catalog may be too old for it. */
  #readSurely(now: ReadText | Promise<ReadText>, text: string): ReadText | Promise<ReadText> {
    return after(now, (read) => {
      if (this.inDoubt(read.consulted) || !read.statements.some(isUnresolved)) return read;
      const looking = this.#catalog.lacking(this.#asker);
      return looking === null ? read : looking.then(() => this.#readNow(text));
    });
  }

  #readNow(text: string): ReadText | Promise<ReadText> {
    const setting = this.#followed();
    const { known, reader } = this.#catalog;
    return reader.read(text, this.#lensOf(known?.snapshot ?? null, setting.current), setting.defaults);
  }

  /** The same object while nothing has changed: it is looked through for every statement. */
  #lensOf(snapshot: Lens['snapshot'], current: SessionSetting['current']): Lens {
    const last = this.#lens;
    if (last?.snapshot === snapshot && last.setting === current.setting) return last;
    return (this.#lens = { snapshot, ...current });
  }
  #lens: Lens | null = null;

  /** Whether a text that was read by these parts of the setting must be read again once the server has told them. */
  inDoubt(consulted: number): boolean {
    return this.#catalog.known !== null && this.#setting?.inDoubt(consulted) === true;
  }

  /** Begun when the first statement comes, which is before anything can have changed. */
  #followed(): SessionSetting {
    if (this.#setting !== null) return this.#setting;
    const { known } = this.#catalog;
    const reported = this.#reported;
    const path = reported.get('search_path') ?? this.#searchPath ?? known?.searchPath ?? null;
    this.#setting = new SessionSetting({
      user: known?.user ?? '',
      searchPath: path ?? '',
      standardConformingStrings: reported.get('standard_conforming_strings') === 'on',
      reportsPath: reported.has('search_path'),
      doubts: known === null ? consults.names | consults.path : consults.names,
    });
    return this.#setting;
  }

  /** How many rows the target expects a statement to touch, by what the session has set now. */
  async estimate(action: Action, request: BoundRequest | null): Promise<number | null> {
    return estimateRows(this.#asker, action, request, this.#setting?.current.setting.searchPath ?? []);
  }

  /** A statement by the target's catalog as it is now. */
  async readAgain(statement: GateStatement): Promise<GateStatement> {
    return statement.by(await this.#catalog.newest(this.#asker));
  }
  /** A statement by the newest catalog that is known. */
  byNewest(statement: GateStatement): GateStatement | Promise<GateStatement> {
    return statement.by(this.#catalog.known?.snapshot ?? null);
  }

  sent(statement: GateStatement): void {
    this.#setting?.sent(statement);
    const { effect } = statement.action;
    if (effect === 'schema' || effect === 'admin') this.#changes = 'surely';
    else if (effect === 'unknown' && this.#changes === 'not') this.#changes = 'maybe';
  }
  batchEnds(): void {
    this.#setting?.batchEnds();
  }
  named(): void {
    this.#setting?.named();
  }
  reported(name: string, value: string): void {
    this.#reported.set(name, value);
    this.#setting?.reported(name, value);
  }
  /** Other sessions see what a transaction has changed once it is over. */
  ready(inTransaction: boolean, all: boolean): void {
    this.#setting?.ready(inTransaction, all);
    if (inTransaction || this.#changes === 'not') return;
    this.#catalog.outdate(this.#changes === 'surely');
    this.#changes = 'not';
  }
  told(answer: SettingAnswer | null): void {
    this.#setting?.told(answer);
  }
}

function isUnresolved({ meaning }: GateStatement): boolean {
  return meaning?.facts.unresolved === true;
}
