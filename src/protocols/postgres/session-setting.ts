import { effectivePath, type Setting } from '../../sql/setting.ts';
import { namedStatement } from './named-statement.ts';
import { consults } from './setting-doubts.ts';
import type { GateStatement } from './statement-reader.ts';

/** What a session begins with. */
export interface SessionStart {
  readonly user: string;
  /** As `search_path` has it. */
  readonly searchPath: string;
  readonly standardConformingStrings: boolean;
  /** Whether the server tells of each change of search_path: PostgreSQL 18 and later. */
  readonly reportsPath: boolean;
  /** What of this is not known, as bits of `consults`. Names are asked for whenever they matter: a PREPARE that fails leaves what was there. */
  readonly doubts: number;
}

/** What a session's own server says of its setting when it is asked. */
export interface SettingAnswer {
  readonly path: readonly string[];
  readonly user: string;
  readonly searchPath: string;
  readonly strings: string;
  readonly temporary: readonly string[] | null;
  readonly prepared: Readonly<Record<string, string>> | null;
  readonly cursors: Readonly<Record<string, string>> | null;
}

/**
 * Follows what a session has set that decides what its statements mean. What a statement may have changed is in doubt from
 * its sending on, until the server has told it of its own accord, or been asked. What is in doubt finds nothing: no name,
 * and so nothing that could pass for harmless.
 */
export class SessionSetting {
  /** What a reset goes back to. */
  readonly defaults: { readonly user: string; readonly searchPath: string };
  #user: string;
  #searchPath: string;
  #path: readonly string[];
  #strings: boolean;
  #temporary: ReadonlySet<string> | null = new Set();
  #prepared: ReadonlyMap<string, string> = new Map();
  #cursors: ReadonlyMap<string, string> = new Map();
  readonly #reportsPath: boolean;
  #doubts: number;
  /** Whether `"$user"` may be another by now. */
  #userInDoubt: boolean;
  /** Whether the path was changed in a transaction that may yet take it back. */
  #changedInTransaction = false;
  /** Whether an answer did not come: it is not asked for again before something else has. */
  #unanswered = false;
  #current: { readonly setting: Setting; readonly key: string } | null = null;

  constructor({ user, searchPath, standardConformingStrings, reportsPath, doubts }: SessionStart) {
    this.#doubts = doubts;
    this.#userInDoubt = (doubts & consults.path) !== 0;
    this.defaults = { user, searchPath };
    this.#user = user;
    this.#searchPath = searchPath;
    this.#path = effectivePath(searchPath, user);
    this.#strings = standardConformingStrings;
    this.#reportsPath = reportsPath;
  }

  get current(): { readonly setting: Setting; readonly key: string } {
    this.#current ??= this.#make();
    return this.#current;
  }

  /** Whether what was read by these parts must be read again once the server has told them. */
  inDoubt(consulted: number): boolean {
    return !this.#unanswered && (this.#doubts & consulted) !== 0;
  }

  /** A statement goes to the server. */
  sent({ aftermath, meaning }: GateStatement): void {
    const { doubts, temporary } = aftermath;
    if (meaning?.facts.transactionControl === true && this.#changedInTransaction) this.#doubt(consults.path);
    if (temporary.length > 0 && this.#temporary !== null) {
      this.#temporary = new Set([...this.#temporary, ...temporary]);
      this.#current = null;
    }
    if (doubts === 0) return;
    this.#doubt(doubts);
    if ((doubts & consults.path) === 0) return;
    this.#changedInTransaction = true;
    this.#userInDoubt ||= meaning === null || meaning.sets.length === 0 || meaning.sets.some(({ name }) => name !== 'search_path');
  }
  /** Names may be made by the protocol too, and by a function that a policy permits. */
  #doubt(doubts: number): void {
    this.#unanswered = false;
    if ((this.#doubts | doubts) === this.#doubts) return;
    this.#doubts |= doubts;
    this.#current = null;
  }

  /** The protocol made or closed a name that SQL can use too. */
  named(): void {
    this.#doubt(consults.names);
  }

  /** The server has told of a setting by itself. */
  reported(name: string, value: string): void {
    if (name === 'search_path') this.#searchPath = value;
    else if (name === 'standard_conforming_strings') this.#strings = value === 'on';
    else return;
    this.#current = null;
    if (name === 'search_path' && !this.#userInDoubt) this.#path = effectivePath(value, this.#user);
  }

  /** The server is ready; `all` says whether it has answered everything that was sent. */
  ready(inTransaction: boolean, all: boolean): void {
    this.#unanswered = false;
    if (!inTransaction && this.#changedInTransaction) {
      this.#changedInTransaction = false;
      this.#doubt(consults.path);
    }
    if (!all) return;
    // Strings are told by every server whenever they have changed, and the path by newer ones.
    let told: number = consults.strings;
    if (this.#reportsPath && !(this.#userInDoubt && this.#searchPath.includes('$user'))) {
      told |= consults.path;
      this.#path = effectivePath(this.#searchPath, this.#user);
    }
    if ((this.#doubts & told) === 0) return;
    this.#doubts &= ~told;
    this.#current = null;
  }

  /** Null where the server did not answer. */
  told(answer: SettingAnswer | null): void {
    this.#current = null;
    if (answer === null) {
      this.#unanswered = true;
      return;
    }
    this.#user = answer.user;
    this.#userInDoubt = false;
    this.#searchPath = answer.searchPath;
    this.#path = answer.path;
    this.#strings = answer.strings === 'on';
    this.#temporary = answer.temporary === null ? null : new Set(answer.temporary);
    this.#prepared = namesIn(answer.prepared);
    this.#cursors = namesIn(answer.cursors);
    this.#doubts = 0;
  }

  #make(): { readonly setting: Setting; readonly key: string } {
    const doubted = (part: number) => (this.#doubts & part) !== 0;
    const searchPath = doubted(consults.path) ? [] : this.#path;
    const strings = !doubted(consults.strings) && this.#strings;
    const temporary = doubted(consults.temporary) ? null : this.#temporary;
    const [prepared, cursors] = doubted(consults.names) ? [nothing, nothing] : [this.#prepared, this.#cursors];
    const setting: Setting = {
      searchPath,
      standardConformingStrings: strings,
      temporary,
      prepared: (name) => prepared.get(name) ?? null,
      cursor: (name) => cursors.get(name) ?? null,
    };
    return { setting, key: JSON.stringify([searchPath, strings, temporary && [...temporary].toSorted(), this.defaults]) };
  }
}

function namesIn(told: SettingAnswer['prepared']): ReadonlyMap<string, string> {
  return new Map(Object.entries(told ?? {}).map(([name, text]) => [name, namedStatement(text, name)]));
}

const nothing: ReadonlyMap<string, string> = new Map();
