import { preparsePolicySet } from '@cedar-policy/cedar-wasm/nodejs';
import { ChaperoneError } from '../../core/errors.ts';
import type { Policy } from './policy.ts';
import { mayApply } from './scope.ts';

/** The policies that one kind of request is evaluated against. Two slices of one set that hold the same policies are one. */
export interface Slice {
  readonly policies: readonly Policy[];
  /** Whether any of them can tell apart what lies in one connection; otherwise one answer holds for all of it. */
  readonly seesObjects: boolean;
  /** The same without its forbids: what is permitted once all that forbid it are lifted. */
  readonly permits: Slice;
}

interface Kind {
  readonly connection: string;
  readonly action: string;
  readonly effect: string;
}

/** The slices of one set of policies. */
export class Slices {
  readonly #policies: readonly Policy[];
  /** By the places in the set of the policies within. */
  readonly #known = new Map<string, Slice>();
  readonly #found = new Map<string, { readonly kind: Kind; readonly slice: Slice }>();

  constructor(policies: Iterable<Policy>) {
    this.#policies = [...policies];
  }

  /** Those that can apply to an action on a connection, or on anything in it. */
  of(connection: string, action: string, effect: string): Slice {
    const key = `${action} ${effect} ${connection}`;
    const found = this.#found.get(key);
    if (found) return found.slice;
    const places = this.#policies.flatMap(({ scope }, place) => (mayApply(scope, connection, action, effect) ? [place] : []));
    const slice = this.#holding(places);
    // A client can name any connection when it asks to connect.
    if (this.#found.size >= rememberedKinds) this.#found.clear();
    this.#found.set(key, { kind: { connection, action, effect }, slice });
    return slice;
  }

  /** The kinds of requests that were asked for. */
  kinds(): Kind[] {
    return [...this.#found.values()].map(({ kind }) => kind);
  }

  #holding(places: readonly number[]): Slice {
    const key = places.join();
    const known = this.#known.get(key);
    if (known) return known;
    const policies = places.flatMap((place) => this.#policies[place] ?? []);
    const permitting = places.filter((place) => this.#policies[place]?.effect === 'permit');
    const seesObjects = policies.some(({ scope }) => scope.seesObjects);
    const permits = permitting.length === places.length ? null : this.#holding(permitting);
    const slice: Slice = {
      policies,
      seesObjects,
      get permits() {
        return permits ?? this;
      },
    };
    if (this.#known.size >= rememberedKinds) this.#known.clear();
    this.#known.set(key, slice);
    return slice;
  }
}

/** Kinds of requests whose slice is kept: connections times actions; more only where somebody asks for what is not there. */
const rememberedKinds = 4_096;

/**
 * Cedar keeps what is parsed under a name for as long as the thread lives, so names are few and used again: the slice that was
 * not asked for the longest gives its name to the next. All slices together may hold so many policies; one alone may hold more.
 */
const parsedPolicies = 20_000;
const parsed = new Map<Slice, string>();
const free: string[] = [];
let names = 0;
let held = 0;

/** The name under which Cedar has parsed a slice. Throws POLICY_FAULT where it cannot. */
export function parsedName(slice: Slice): string {
  const known = parsed.get(slice);
  if (known !== undefined) {
    parsed.delete(slice);
    parsed.set(slice, known);
    return known;
  }
  for (const [oldest, name] of parsed) {
    if (held + slice.policies.length <= parsedPolicies) break;
    forget(oldest, name);
  }
  const name = free.pop() ?? `slice ${(names += 1)}`;
  try {
    parseAs(name, slice.policies);
  } catch (fault) {
    free.push(name);
    throw fault;
  }
  parsed.set(slice, name);
  held += slice.policies.length;
  return name;
}

function forget(slice: Slice, name: string): void {
  parsed.delete(slice);
  held -= slice.policies.length;
  parseAs(name, []);
  free.push(name);
}

function parseAs(name: string, policies: readonly Policy[]): void {
  const answer = preparsePolicySet(name, { staticPolicies: Object.fromEntries(policies.map(({ id, text }) => [id, text])) });
  if (answer.type === 'failure') throw new ChaperoneError('POLICY_FAULT', answer.errors.map(({ message }) => message).join('; '));
}
