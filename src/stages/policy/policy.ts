import type { Annotations } from './annotations.ts';
import type { Scope } from './scope.ts';
import type { PolicySource } from './source.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A policy that has been read and validated. */
export interface Policy extends PolicySource, Omit<Annotations, 'id'> {
  /** Its `@id`, or `<file>:<line>`. */
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly scope: Scope;
}

/** A policy file as it was read. */
export interface PolicyFile {
  /** Relative to the folder of the policies. */
  readonly name: string;
  readonly path: string;
  readonly content: Uint8Array;
}

/** All policies, as one version. Plain data, so that a thread can load them for another. */
export interface PolicySet {
  /** Changes with every change of a policy file: 12 hex digits. */
  readonly version: string;
  /** The Cedar schema they were validated against. */
  readonly schema: string;
  readonly vocabulary: Vocabulary;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly files: readonly PolicyFile[];
}

/** Why policies cannot be loaded. `line` counts from 1. */
export interface PolicyProblem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
  readonly remedy: string;
}
