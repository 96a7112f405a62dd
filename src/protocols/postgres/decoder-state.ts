import type { Json } from '../../core/json.ts';
import { SavedState } from '../../core/saved-state.ts';
import type { Call } from './large-objects.ts';
import { MessageAssembly } from './message-assembly.ts';

export interface Column {
  readonly name: string;
  readonly type: number;
}
/** A statement as the decoder knows it: parameter types from Parse or ParameterDescription, columns from RowDescription. */
export interface Described {
  types: readonly number[];
  columns: readonly Column[] | null;
}
/** What is known of one exchange. */
export interface Reading {
  readonly request: MessageAssembly;
  readonly reply: MessageAssembly;
  /** What is described, in the order of asking; null is a portal. */
  readonly describing: (Described | null)[];
  columns: readonly Column[] | null;
  formats: readonly number[];
  copyText: boolean;
  /** The FunctionCall that is to be answered. */
  call: Call | null;
}

export function openReading(): Reading {
  return {
    request: new MessageAssembly(),
    reply: new MessageAssembly(),
    describing: [],
    columns: null,
    formats: [],
    copyText: true,
    call: null,
  };
}

/** All that a decoder knows of a session. */
export interface Known {
  readonly statements: Map<string, Described>;
  readonly readings: Map<number, Reading>;
}

/** To be raised whenever what is saved changes its form or its meaning. */
const version = 1;
/** Where more than this is half read, nothing is saved: a place with less comes soon. */
const mostHeld = 512 * 1024;
/** What is saved is never longer. */
const mostSaved = 1024 * 1024;
/** Counts of 16 bits say how many parameters and columns there are. */
const mostColumns = 0xffff;

/**
 * Null where there is something that cannot be saved: a large object's call on its way, or much that is half read. One statement may be
 * known by its name and be described at the same time: so each stands once, and is told by its place.
 */
export function saved({ statements, readings }: Known): Json | null {
  const described: Described[] = [];
  const places = new Map<Described, number>();
  const placeOf = (one: Described): number => {
    const known = places.get(one);
    if (known !== undefined) return known;
    places.set(one, described.length);
    return described.push(one) - 1;
  };
  const all: Json[] = [];
  let held = 0;
  for (const [exchange, { request, reply, describing, columns, formats, copyText, call }] of readings) {
    held += request.heldBytes + reply.heldBytes;
    if (call !== null || held > mostHeld) return null;
    const waiting = describing.map((one) => (one === null ? null : placeOf(one)));
    const halves = { request: request.save(), reply: reply.save() };
    all.push({ exchange, ...halves, describing: waiting, columns: savedColumns(columns), formats, copyText });
  }
  const named = [...statements].map(([name, one]) => [name, placeOf(one)] as const);
  const statementsKnown = described.map(({ types, columns }) => ({ types, columns: savedColumns(columns) }));
  return { version, described: statementsKnown, statements: named, readings: all };
}

function savedColumns(columns: readonly Column[] | null): Json {
  return columns?.map(({ name, type }) => ({ name, type })) ?? null;
}

/** Throws RangeError on what is of another version, or cannot have been saved. */
export function restored(json: Json): Known {
  const state = new SavedState(json);
  if (state.count('version') !== version) throw new RangeError('This was saved by another version of the decoder.');
  const described = state.list('described', mostSaved).map((one): Described => {
    const saved = new SavedState(one);
    return { types: saved.counts('types', mostColumns), columns: columnsOf(saved) };
  });
  const at = (place: Json | undefined): Described => {
    const found = typeof place === 'number' ? described[place] : undefined;
    if (found === undefined) throw new RangeError('A decoder cannot have saved the place of no statement.');
    return found;
  };
  const statements = new Map(
    state.list('statements', mostSaved).map((named) => {
      const [name, place] = Array.isArray(named) ? (named as readonly Json[]) : [];
      if (typeof name !== 'string') throw new RangeError('A decoder cannot have saved a statement without a name.');
      return [name, at(place)] as const;
    }),
  );
  const readings = new Map<number, Reading>();
  for (const one of state.list('readings', mostSaved)) {
    const saved = new SavedState(one);
    readings.set(saved.count('exchange'), {
      request: MessageAssembly.from(saved.within('request')),
      reply: MessageAssembly.from(saved.within('reply')),
      describing: saved.list('describing', mostSaved).map((place) => (place === null ? null : at(place))),
      columns: columnsOf(saved),
      formats: saved.counts('formats', mostColumns),
      copyText: saved.flag('copyText'),
      call: null,
    });
  }
  return { statements, readings };
}

function columnsOf(saved: SavedState): readonly Column[] | null {
  return saved.maybe('columns', (name) =>
    saved.list(name, mostColumns).map((one) => {
      const column = new SavedState(one);
      return { name: column.text('name', mostSaved), type: column.count('type') };
    }),
  );
}
