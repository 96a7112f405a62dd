import type { Growth } from './growing-file.ts';
import type { GitPlace } from './native.ts';
import type { RefCommand } from './push-request.ts';

/** What the gateway found out of one update of a ref. */
export interface RefChange extends RefCommand {
  readonly created: boolean;
  readonly deleted: boolean;
  /** The new state does not contain the old one: what stood there is taken away. */
  readonly forced: boolean;
}

export interface Person {
  readonly name: string;
  readonly email: string;
}

/** One commit that the target did not have. */
export interface CommitFound {
  readonly id: string;
  readonly parents: readonly string[];
  readonly author: Person;
  /** Seconds since the epoch and the zone, as the commit has them. */
  readonly authored: string;
  readonly committer: Person;
  readonly committed: string;
  /** Whether it carries a signature; nobody has verified it. */
  readonly signed: boolean;
  readonly message: string;
}

/** An annotated tag, as far as it is shown. */
export interface TagFound {
  readonly id: string;
  readonly name: string;
  readonly tagger: Person;
  readonly message: string;
}

export interface FileChange {
  readonly path: string;
  readonly added: number;
  readonly removed: number;
  readonly binary: boolean;
}

/** All that is known of a push before it is judged. Never a secret that was found, only where. */
export interface Inspection {
  readonly refs: readonly RefChange[];
  /** How many commits the target did not have. */
  readonly commits: number;
  /** The first of them, for people. */
  readonly firstCommits: readonly Pick<CommitFound, 'id' | 'author' | 'message'>[];
  /** How many annotated tags refs are set to. */
  readonly tags: number;
  /** The first of them, for people. */
  readonly firstTags: readonly TagFound[];
  readonly files: readonly FileChange[];
  readonly added: number;
  readonly removed: number;
  readonly packBytes: number;
  readonly signed: boolean;
  /** Whether all of it is signed by those who may. */
  readonly verified: boolean;
  readonly authorMismatch: boolean;
  readonly committerMismatch: boolean;
  /** `path:line:rule`, up to `shownSecrets` of them. */
  readonly secrets: readonly string[];
  readonly submodules: readonly string[];
  readonly symlinks: readonly string[];
  /** The beginning of the patch. */
  readonly preview: string;
}

export const shownSecrets = 1_000;
export const previewChars = 56 * 1024;

/** What the inspecting thread is given. Plain data. */
export interface InspectionJob {
  readonly place: GitPlace;
  /** The file with the push as it comes. */
  readonly spool: string;
  readonly gzip: boolean;
  readonly packAt: number;
  readonly commands: readonly RefCommand[];
  /** Of whoever pushes, in lower case; null where nobody knows. */
  readonly email: string | null;
  /** A line for each key that may sign: an e-mail address, the key's kind, the key. */
  readonly signers: readonly string[];
  /** Where the detail goes: every commit with its patch, framed as the record keeps it. */
  readonly detail: string;
  readonly limits: {
    readonly bytes: number;
    readonly objects: number;
    readonly commits: number;
    readonly patch: number;
    /** From when all of it is there. */
    readonly ms: number;
  };
}

/** What came of it; a flaw is the push's own fault, in a sentence for whoever pushes. */
export type Inspected =
  | { readonly kind: 'found'; readonly inspection: Inspection }
  | { readonly kind: 'flaw'; readonly why: string; readonly large: boolean };

/** What the inspecting thread is told: to look into a push, how far it has come, or, by null, that nobody wants to know any more. */
export type InspectorTold = { readonly id: number } & ({ readonly job: InspectionJob | null } | { readonly growth: Growth });
