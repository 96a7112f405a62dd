/** What a statement of SQL may take from the names that the extended protocol made, as far as its text tells. */
export interface Takings {
  /** The prepared statement that it may take; null is all of them, undefined none. */
  readonly statement: string | null | undefined;
  readonly portals: boolean;
}

export const nothing: Takings = { statement: undefined, portals: false };

/** EXECUTE may run what the protocol prepared, DO and CALL anything. Behind a comment any of these may stand. */
const takesPortals = /^\s*(?:close|commit|end|rollback|abort|prepare|discard|execute|do|call|--|\/\*)/i;
const takesStatements = /deallocate|discard|^\s*execute|^\s*(?:--|\/\*)[^]*execute/i;
const oneStatement = /^\s*deallocate\s+(?:prepare\s+)?(?:"((?:[^"]|"")+)"|([a-z_][\w$]*))\s*;?$/i;
/** A plain one is not longer. */
const plainLength = 1024;

/**
 * Read when the statement is sent: what is sent behind it is judged before its answer comes, and a name that may stand for
 * another statement by then must not be told by its old text.
 */
export function takingsOf(text: string): Takings {
  const portals = takesPortals.test(text);
  if (!takesStatements.test(text)) return portals ? { statement: undefined, portals } : nothing;
  return { statement: deallocated(text), portals };
}

/** The statement that a DEALLOCATE names; null, and so all, where that is not plain. */
export function deallocated(text: string): string | null {
  if (text.length > plainLength) return null;
  const [, quoted, plain] = oneStatement.exec(text.trim()) ?? [];
  const name = quoted?.replaceAll('""', '"') ?? plain?.toLowerCase();
  return name === undefined || name === 'all' ? null : name.slice(0, 63);
}
