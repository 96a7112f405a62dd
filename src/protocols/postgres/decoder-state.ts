import type { Json } from '../../core/json.ts';
import type { Call } from './large-objects.ts';
import { MessageAssembly, type SavedAssembly } from './message-assembly.ts';

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

interface SavedReading {
  readonly exchange: number;
  readonly request: SavedAssembly;
  readonly reply: SavedAssembly;
  readonly describing: readonly (number | null)[];
  readonly columns: readonly Column[] | null;
  readonly formats: readonly number[];
  readonly copyText: boolean;
}
/** One statement may be known by its name and be described at the same time: so each stands once, and is told by its place. */
interface Saved {
  readonly version: number;
  readonly described: readonly Described[];
  readonly statements: readonly (readonly [name: string, place: number])[];
  readonly readings: readonly SavedReading[];
}

/** Null where there is something that cannot be saved: a large object's call on its way. */
export function saved({ statements, readings }: Known): Json | null {
  const described: Described[] = [];
  const places = new Map<Described, number>();
  const placeOf = (one: Described): number => {
    const known = places.get(one);
    if (known !== undefined) return known;
    places.set(one, described.length);
    return described.push(one) - 1;
  };
  const all: SavedReading[] = [];
  for (const [exchange, { request, reply, describing, columns, formats, copyText, call }] of readings) {
    if (call !== null) return null;
    const waiting = describing.map((one) => (one === null ? null : placeOf(one)));
    all.push({ exchange, request: request.saved, reply: reply.saved, describing: waiting, columns, formats, copyText });
  }
  const named = [...statements].map(([name, one]) => [name, placeOf(one)] as const);
  const state: Saved = { version, described, statements: named, readings: all };
  // Nothing in it is anything but data; the types of JSON know no interfaces.
  return state as unknown as Json;
}

/** Throws on what is of another version. */
export function restored(json: Json): Known {
  const state = json as unknown as Saved;
  if (state.version !== version) throw new RangeError('This was saved by another version of the decoder.');
  const described = state.described.map(({ types, columns }): Described => ({ types, columns }));
  const at = (place: number): Described => described[place] ?? { types: [], columns: null };
  const statements = new Map(state.statements.map(([name, place]) => [name, at(place)]));
  const readings = new Map<number, Reading>();
  for (const { exchange, request, reply, describing, columns, formats, copyText } of state.readings)
    readings.set(exchange, {
      request: MessageAssembly.from(request),
      reply: MessageAssembly.from(reply),
      describing: describing.map((place) => (place === null ? null : at(place))),
      columns,
      formats,
      copyText,
      call: null,
    });
  return { statements, readings };
}
