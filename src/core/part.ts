import type { Json, JsonObject } from './json.ts';

/** One value of a row as text, or null for SQL NULL and its like. */
export type Cell = string | null;

/** A piece of a request or reply in one of six shapes: closed over shapes, open over protocols. */
export type Part =
  | { readonly shape: 'rows'; readonly columns: readonly string[]; readonly rows: readonly (readonly Cell[])[] }
  | { readonly shape: 'document'; readonly mediaType: string; readonly value: Json }
  | { readonly shape: 'text'; readonly text: string }
  /** What a terminal's program wrote, what was typed into it, escape sequences and all, and how large it became. */
  | { readonly shape: 'terminal'; readonly event: 'output' | 'input'; readonly text: string }
  | { readonly shape: 'terminal'; readonly event: 'resize'; readonly columns: number; readonly rows: number }
  /** What no decoder understands, or what passes as it is: its size, and its content as base64 where it was kept. */
  | { readonly shape: 'bytes'; readonly count: number; readonly base64: string | null }
  /**
   * Something that happened, by name. Two names are known to every reader: `parameters`
   * (`detail.values`, the bind values in order, each a Cell) and `withheld` (`detail.count`, `detail.sha256`).
   */
  | { readonly shape: 'mark'; readonly name: string; readonly detail: JsonObject };
