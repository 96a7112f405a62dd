import { relative } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Action } from '../../core/action.ts';
import type { AuditEvent } from '../../core/entry.ts';
import { messageOf } from '../../core/errors.ts';
import type { Circumstance } from '../../core/stages.ts';
import type { Verdict } from '../../core/verdict.ts';
import { authorOf } from './author.ts';
import { createPolicy, type PolicyJudge } from './judge.ts';
import { checkDraft, type DraftFile, type DraftFindings } from './draft.ts';
import { loadInThread } from './load-thread.ts';
import { versionIn } from './load.ts';
import type { PolicyProblem, PolicySet } from './policy.ts';
import type { PolicyCatalog } from './schema.ts';
import { type VersionNote, PolicyVersions } from './versions.ts';
import { watchFolder } from './watch.ts';

export interface KeeperOptions {
  /** The set to begin with. */
  readonly first: PolicySet;
  readonly folder: string;
  readonly catalogs: readonly PolicyCatalog[];
  /** Where versions are kept. */
  readonly versions: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: (level: 'info' | 'error', line: string) => void;
  readonly audit: (event: AuditEvent) => Promise<void>;
  /** Told when another set has come into force. */
  readonly changed?: () => void;
}

/** One policy as it is shown. */
interface PolicyItem {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly reason: string | null;
  readonly approval: string | null;
  readonly breakGlass: string | null;
  /** Relative to the folder of the policies. */
  readonly file: string;
  readonly line: number;
}

/** The policies in force, and why those in the folder are not, where they are not. */
export interface PoliciesInForce extends VersionNote {
  readonly items: readonly PolicyItem[];
  readonly problems: readonly PolicyProblem[];
}

/**
 * Judges by the policies of a folder and follows its changes. A set with any mistake changes nothing: what was in force stays
 * so, and log, record and API say what is wrong. A change takes effect between two exchanges, for open sessions too.
 */
export class PolicyKeeper {
  readonly #options: KeeperOptions;
  readonly #versions: PolicyVersions;
  readonly #catalogs: readonly PolicyCatalog[];
  #set: PolicySet;
  #judge: PolicyJudge;
  #note: VersionNote;
  #problems: readonly PolicyProblem[] = [];
  /** What the folder held when it was last found wrong. */
  #rejected: string | null = null;
  #watching: { close(): void } | null = null;
  #loading: Promise<void> | null = null;
  #again = false;

  private constructor(options: KeeperOptions, note: VersionNote) {
    this.#options = options;
    this.#versions = new PolicyVersions(options.versions);
    // What a thread can be sent: a protocol is more than this.
    this.#catalogs = options.catalogs.map(({ name, actions, facts, objects }) => ({ name, actions, facts, objects }));
    this.#set = options.first;
    this.#judge = createPolicy(options.first);
    this.#note = note;
  }

  /** Takes the first set into force and begins to follow the folder. */
  static async open(options: KeeperOptions): Promise<PolicyKeeper> {
    const { first, folder, now, versions } = options;
    const last = await new PolicyVersions(versions).last();
    const unchanged = last?.version === first.version;
    const author = unchanged ? last.author : await authorOf(folder, first.files);
    const note = unchanged ? last : { version: first.version, since: new Date(now()).toISOString(), author };
    const keeper = new PolicyKeeper(options, note);
    // A folder that was not there when the gateway started is no mistake of a change.
    if ((await versionIn(folder)) === null) keeper.#rejected = unreadable;
    await keeper.#remember(note);
    if (!unchanged) await options.audit(changedEvent(note, last?.version ?? null, null, first));
    keeper.#watching = watchFolder(folder, () => void keeper.reload());
    return keeper;
  }

  /** By the policies that are in force when the verdict is there: what was judged by others meanwhile is judged again. */
  judge(circumstance: Circumstance, action: Action): Verdict | Promise<Verdict> {
    const judge = this.#judge;
    const verdict = judge.judgeInTurns(circumstance, action);
    if (!(verdict instanceof Promise)) return verdict;
    return verdict.then((found) => (this.#judge === judge ? found : this.judge(circumstance, action)));
  }

  mayOnlyRead(circumstance: Circumstance): boolean {
    return this.#judge.mayOnlyRead(circumstance);
  }

  inForce(): PoliciesInForce {
    const items = [...this.#set.policies.values()].map(({ id, effect, reason, approval, breakGlass, file, line }) => {
      return { id, effect, reason, approval, breakGlass, file: relative(this.#options.folder, file), line };
    });
    return { ...this.#note, items, problems: this.#problems };
  }

  /** What policies can speak of, as plain data. */
  get catalogs(): readonly PolicyCatalog[] {
    return this.#catalogs;
  }

  /** Says what would become of these files in place of those in the folder; changes nothing. */
  check(files: readonly DraftFile[]): Promise<DraftFindings> {
    return checkDraft(files, this.#catalogs);
  }

  /** Reads the folder again and takes what it holds into force, if that is in order. Never rejects. */
  reload(): Promise<void> {
    // Whoever asks while it is being read must not be answered by what was read before.
    if (this.#loading !== null) {
      this.#again = true;
      return this.#loading;
    }
    this.#loading = this.#readUntilQuiet().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  /** Follows the folder no more; resolves when what was being read has been dealt with. */
  async close(): Promise<void> {
    this.#watching?.close();
    this.#watching = null;
    await this.#loading;
  }

  async #readUntilQuiet(): Promise<void> {
    do {
      this.#again = false;
      await this.#read().catch((fault: unknown) => this.#options.log('error', `the policies could not be read again: ${messageOf(fault)}`));
    } while (this.#again);
  }

  async #read(): Promise<void> {
    const { folder } = this.#options;
    const found = await versionIn(folder);
    if (found === this.#set.version) {
      this.#problems = [];
      this.#rejected = null;
      return;
    }
    if ((found ?? unreadable) === this.#rejected) return;
    const loaded = await loadInThread({ folder, catalogs: this.#catalogs });
    // Somebody wrote meanwhile: what was read could be half of the old and half of the new.
    const torn = (await versionIn(folder)) !== found || ('version' in loaded && loaded.version !== found);
    if (torn) this.#again = true;
    else if ('version' in loaded) await this.#take(loaded);
    else await this.#reject(loaded, found);
  }

  async #take(set: PolicySet): Promise<void> {
    const { folder, now, log, audit } = this.#options;
    const before = this.#set;
    const judge = createPolicy(set);
    // What is asked for now will be asked for at once; parsed between the turns of the loop, it holds up nobody.
    for (const prepare of judge.preparations(this.#judge)) {
      prepare();
      await turn();
    }
    const note = { version: set.version, since: new Date(now()).toISOString(), author: await authorOf(folder, set.files) };
    this.#set = set;
    this.#judge = judge;
    this.#note = note;
    this.#problems = [];
    this.#rejected = null;
    this.#options.changed?.();
    await this.#remember(note);
    log('info', `policies of version ${set.version} are in force, by ${note.author}`);
    await audit(changedEvent(note, before.version, before, set));
  }

  async #reject(problems: readonly PolicyProblem[], found: string | null): Promise<void> {
    const { log, audit } = this.#options;
    this.#problems = problems;
    this.#rejected = found ?? unreadable;
    log('error', `the policies were changed and are not in order; version ${this.#set.version} stays in force`);
    for (const { file, line, message, remedy } of problems) log('error', `${file}:${line}: ${message} → ${remedy}`);
    const shown = problems.slice(0, mostNamed).map(({ file, line, message }) => ({ file, line, message }));
    await audit({ event: 'policies.rejected', actor: 'gateway', detail: { inForce: this.#set.version, problems: shown } });
  }

  /** A full disk must not keep a prohibition from coming into force, so that a version that cannot be kept is only said. */
  async #remember(note: VersionNote): Promise<void> {
    await this.#versions
      .keep(this.#set, note)
      .catch((fault: unknown) => this.#options.log('error', `policy version ${note.version} could not be kept: ${messageOf(fault)}`));
  }
}

/** Stands for the version of a folder that cannot be read. */
const unreadable = 'unreadable';
/** Policies named in one event. */
const mostNamed = 100;

function changedEvent({ version, author }: VersionNote, previous: string | null, before: PolicySet | null, set: PolicySet): AuditEvent {
  const named = (ids: Iterable<string>) => [...ids].slice(0, mostNamed);
  const old = before?.policies ?? new Map<string, { readonly text: string }>();
  const changes = before && {
    added: named([...set.policies.keys()].filter((id) => !old.has(id))),
    removed: named([...old.keys()].filter((id) => !set.policies.has(id))),
    changed: named([...set.policies].filter(([id, { text }]) => old.has(id) && old.get(id)?.text !== text).map(([id]) => id)),
  };
  return {
    event: 'policies.changed',
    actor: 'gateway',
    detail: { version, previous, author, policies: set.policies.size, ...changes },
  };
}
