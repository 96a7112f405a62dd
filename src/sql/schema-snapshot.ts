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

export interface SnapshotParts {
  readonly schemas: readonly string[];
  readonly relations: readonly Relation[];
  readonly routines: readonly Routine[];
  /** Those not of PostgreSQL itself. */
  readonly operators: readonly Operator[];
  readonly types: readonly TypeEntry[];
}

export function relationKey(schema: string, name: string): string {
  return `${schema}\u0000${name}`;
}

/** Look-ups in what is known of a target's catalog. Immutable: after a change of the schema a new one is loaded. */
export class SchemaSnapshot {
  readonly #schemas: ReadonlySet<string>;
  readonly #relations: ReadonlyMap<string, Relation>;
  readonly #routines: ReadonlyMap<string, readonly Routine[]>;
  readonly #operators: ReadonlyMap<string, readonly Operator[]>;
  readonly #types: ReadonlyMap<string, TypeEntry>;
  readonly #rowRoutines: ReadonlySet<string>;

  constructor({ schemas, relations, routines, operators, types }: SnapshotParts) {
    this.#schemas = new Set(schemas);
    this.#relations = new Map(relations.map((relation) => [relationKey(relation.schema, relation.name), relation]));
    this.#routines = Map.groupBy(routines, ({ schema, name }) => relationKey(schema, name));
    this.#operators = Map.groupBy(operators, ({ name }) => name);
    this.#types = new Map(types.map((type) => [relationKey(type.schema, type.name), type]));
    this.#rowRoutines = new Set(routines.filter(({ takesRow, system }) => takesRow && !system).map(({ name }) => name));
  }

  hasSchema(name: string): boolean {
    return this.#schemas.has(name);
  }
  relation(schema: string, name: string): Relation | null {
    return this.#relations.get(relationKey(schema, name)) ?? null;
  }
  /** All that share a name; which one a call means is decided by argument types, which are not known here. */
  routines(schema: string, name: string): readonly Routine[] {
    return this.#routines.get(relationKey(schema, name)) ?? [];
  }
  operators(name: string): readonly Operator[] {
    return this.#operators.get(name) ?? [];
  }
  type(schema: string, name: string): TypeEntry | null {
    return this.#types.get(relationKey(schema, name)) ?? null;
  }
  /** Whether `alias.name` might call a routine that is not of PostgreSQL itself. */
  mayCall(name: string): boolean {
    return this.#rowRoutines.has(name);
  }
  /** What stands behind a key of {@link Relation.parents} or {@link Relation.children}. */
  related(key: string): Relation | null {
    return this.#relations.get(key) ?? null;
  }
}
