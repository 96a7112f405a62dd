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
  /** What the server has reported last, or the session began with: it reports no change that is taken back before it is ready. */
  #reportedPath: string;
  #reportedStrings: boolean;
  #path: readonly string[];
  #strings: boolean;
  #temporary: ReadonlySet<string> | null = new Set();
  #prepared: ReadonlyMap<string, string> = new Map();
  #cursors: ReadonlyMap<string, string> = new Map();
  readonly #reportsPath: boolean;
  #doubts: number;
  /** Whether `"$user"` may be another by now. */
  #userInDoubt: boolean;
  /** Whether the path was changed in a transaction that may yet take it back, and whose `"$user"` is. */
  #changedInTransaction = false;
  #userChangedInTransaction = false;
  /** Whether an answer did not come: it is not asked for again before something else has. */
  #unanswered = false;
  #current: { readonly setting: Setting; readonly key: string } | null = null;

  constructor({ user, searchPath, standardConformingStrings, reportsPath, doubts }: SessionStart) {
    this.#doubts = doubts;
    this.#userInDoubt = (doubts & consults.path) !== 0;
    this.defaults = { user, searchPath };
    this.#user = user;
    this.#reportedPath = searchPath;
    this.#reportedStrings = standardConformingStrings;
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
    if (meaning?.facts.transactionControl === true) this.#mayGoBack();
    if (temporary.length > 0 && this.#temporary !== null) {
      this.#temporary = new Set([...this.#temporary, ...temporary]);
      this.#current = null;
    }
    if (doubts === 0) return;
    this.#doubt(doubts);
    if ((doubts & (consults.path | consults.strings)) === 0) return;
    this.#changedInTransaction = true;
    if ((doubts & consults.path) === 0) return;
    if (meaning !== null && meaning.sets.length > 0 && meaning.sets.every(({ name }) => name === 'search_path')) return;
    this.#userInDoubt = true;
    this.#userChangedInTransaction = true;
  }

  /** A batch ends with what is sent now, and with it a transaction that nobody has begun: should it have failed, all goes back. */
  batchEnds(): void {
    this.#mayGoBack();
  }

  #mayGoBack(): void {
    if (!this.#changedInTransaction) return;
    this.#doubt(consults.path | consults.strings);
    this.#userInDoubt ||= this.#userChangedInTransaction;
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

  /** The server has told of a setting by itself, which it does when it gets ready; whoever comes before that must ask. */
  reported(name: string, value: string): void {
    if (name === 'search_path') {
      this.#reportedPath = value;
      this.#doubt(consults.path);
    } else if (name === 'standard_conforming_strings') {
      this.#reportedStrings = value === 'on';
      this.#doubt(consults.strings);
    }
  }

  /** The server is ready; `all` says whether it has answered everything that was sent. */
  ready(inTransaction: boolean, all: boolean): void {
    this.#unanswered = false;
    if (!inTransaction) {
      this.#mayGoBack();
      this.#changedInTransaction = false;
      this.#userChangedInTransaction = false;
    }
    if (!all) return;
    // Strings are told by every server whenever they have changed, and the path by newer ones.
    let told: number = consults.strings;
    if (this.#reportsPath && !(this.#userInDoubt && this.#reportedPath.includes('$user'))) told |= consults.path;
    if ((this.#doubts & told) === 0) return;
    if ((told & consults.path) !== 0) this.#path = effectivePath(this.#reportedPath, this.#user);
    this.#strings = this.#reportedStrings;
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
