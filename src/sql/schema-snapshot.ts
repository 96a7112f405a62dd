/** What is known of a target's catalog, as pure data. It is loaded by {@link file://./snapshot-query.ts} and never changes. */
export interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly columns: readonly string[];
  /** The OIDs of their types, a domain's by the type behind it; null of a generated column, which COPY leaves out. Absent: not known. */
  readonly types?: readonly (number | null)[];
  /** The query behind a view or a materialized view, every name in it qualified. */
  readonly definition: string | null;
  /** Has rules besides the one that makes it a view: what a write does is theirs to say. */
  readonly rules: boolean;
  readonly triggers: boolean;
  /** What it inherits from or is a partition of, and what does so from it: `schema.name` as {@link relationKey} writes it. */
  readonly parents: readonly string[];
  readonly children: readonly string[];
}

export type RelationKind = 'table' | 'partitioned' | 'foreign' | 'view' | 'materialized' | 'sequence';

export type Volatility = 'immutable' | 'stable' | 'volatile';

export interface Routine {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'function' | 'aggregate' | 'window' | 'procedure';
  /** That of the worst of its parts for an aggregate, whose own PostgreSQL always calls immutable. */
  readonly volatility: Volatility;
  /** Comes with PostgreSQL itself. */
  readonly system: boolean;
  readonly language: string;
  /** Its language keeps it from the server's files and processes. */
  readonly trusted: boolean;
  readonly securityDefiner: boolean;
  /** How many arguments a call may have; the most is null where it is variadic. */
  readonly arguments: { readonly least: number; readonly most: number | null };
  /** Takes a row as its only argument, so that `alias.name` calls it. */
  readonly takesRow: boolean;
  readonly returnsSet: boolean;
  /** The names of the columns that it gives where it gives a row; null where it gives one value. */
  readonly returns: readonly string[] | null;
}

export interface Operator {
  readonly schema: string;
  readonly name: string;
  readonly routine: RoutineName;
}

export interface RoutineName {
  readonly schema: string;
  readonly name: string;
}

export interface TypeEntry {
  readonly schema: string;
  readonly name: string;
  readonly system: boolean;
  /** Routines not of PostgreSQL itself that a conversion to this type may call: casts' and those of a domain's checks. */
  readonly routines: readonly RoutineName[];
}

/** What is known by a key; nothing is an empty list. */
export interface Entries<Entry> {
  get(key: string): readonly Entry[];
}

export interface SnapshotParts {
  readonly schemas: ReadonlySet<string>;
  /** By {@link relationKey}. */
  readonly relations: Entries<Relation>;
  /** By {@link relationKey}. */
  readonly routines: Entries<Routine>;
  /** By name; those not of PostgreSQL itself. */
  readonly operators: Entries<Operator>;
  /** By {@link relationKey}. */
  readonly types: Entries<TypeEntry>;
  /** The names of routines not of PostgreSQL itself that take a row as their only argument. */
  readonly rowRoutines: ReadonlySet<string>;
}

export function relationKey(schema: string, name: string): string {
  return `${schema}\u0000${name}`;
}

/** Look-ups in what is known of a target's catalog. Immutable: after a change of the schema a new one is loaded. */
export class SchemaSnapshot {
  readonly #parts: SnapshotParts;

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  hasSchema(name: string): boolean {
    return this.#parts.schemas.has(name);
  }
  relation(schema: string, name: string): Relation | null {
    return this.related(relationKey(schema, name));
  }
  /** All that share a name; which one a call means is decided by argument types, which are not known here. */
  routines(schema: string, name: string): readonly Routine[] {
    return this.#parts.routines.get(relationKey(schema, name));
  }
  operators(name: string): readonly Operator[] {
    return this.#parts.operators.get(name);
  }
  type(schema: string, name: string): TypeEntry | null {
    return this.#parts.types.get(relationKey(schema, name))[0] ?? null;
  }
  /** Whether `alias.name` might call a routine that is not of PostgreSQL itself. */
  mayCall(name: string): boolean {
    return this.#parts.rowRoutines.has(name);
  }
  /** What stands behind a key of {@link Relation.parents} or {@link Relation.children}. */
  related(key: string): Relation | null {
    return this.#parts.relations.get(key)[0] ?? null;
  }
}
