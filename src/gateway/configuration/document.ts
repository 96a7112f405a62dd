import { isMap, isNode, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { ConfigurationProblem, Place } from './problem.ts';

/** A YAML file that has been read, with a way back from a value to where it stands. */
export interface ConfigurationDocument {
  readonly value: unknown;
  /** Where a key or list item stands; for what is not there, the nearest thing around it. */
  locate(place: Place): { readonly line: number; readonly column: number };
}

/** Reads YAML 1.2, in which `off` is text and a key may stand once. Messages never quote the file. */
export function readDocument(file: string, text: string): ConfigurationDocument | ConfigurationProblem[] {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const found = [...document.errors, ...document.warnings];
  // One mistake makes the parser stumble on: what it says after its first word is seldom a mistake of its own.
  if (found.length > 0)
    return found.slice(0, 1).map((fault) => {
      const { line, col } = lineCounter.linePos(fault.pos[0]);
      // Some messages go on with the text they stumbled over after a colon or in a later line.
      const message = `not valid YAML: ${(fault.message.split(/:\s|\n/)[0] ?? '').trim()}`;
      return { file, line, column: col, message, remedy: 'Correct the YAML: indentation by spaces, `key: value`, each key once.' };
    });
  const resolve = (node: unknown): Node | null => {
    if (!isNode(node)) return null;
    return 'resolve' in node && typeof node.resolve === 'function' ? (node.resolve(document) ?? null) : node;
  };
  let value: unknown;
  try {
    value = document.toJS();
    JSON.stringify(value); // Throws where an alias stands within what it names: such a value has no end.
  } catch {
    // Or aliases of aliases grow beyond the library's bound.
    return [{ file, line: 1, message: 'the aliases of the file lead too far', remedy: 'Write the values out.' }];
  }
  return {
    value,
    locate(place) {
      const { line, col } = lineCounter.linePos(offsetOf(resolve(document.contents), place, resolve));
      return { line: Math.max(line, 1), column: Math.max(col, 1) };
    },
  };
}

function offsetOf(root: Node | null, place: Place, resolve: (node: unknown) => Node | null): number {
  let node = root;
  let offset = root?.range?.[0] ?? 0;
  for (const key of place) {
    const next = childOf(node, key);
    if (!next) return offset;
    const [at, value] = next;
    offset = at.range?.[0] ?? offset;
    node = resolve(value);
  }
  return offset;
}

/** The node to point at (a map's key, a list's item) and the value under it. */
function childOf(node: Node | null, key: PropertyKey): readonly [Node, unknown] | null {
  if (isMap(node)) {
    const pair = node.items.find((item) => isNode(item.key) && String(item.key) === String(key));
    return pair && isNode(pair.key) ? [pair.key, pair.value] : null;
  }
  const item = isSeq(node) && typeof key === 'number' ? node.items[key] : undefined;
  return isNode(item) ? [item, item] : null;
}
