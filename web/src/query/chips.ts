import type { Range } from '@codemirror/state';
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';

/** A filter as the grammar has it: perhaps negated, a field, and a list, a phrase, a pattern or a plain value. */
const filters = /(?<=^|[\s(])([-!]|not\s+)?([a-z_][\w.]*):(\[[^\]]*\]?|"(?:[^"\\]|\\.)*"?|\/(?:[^/\\]|\\.)*\/?|[^\s()]*)/gi;

const chip = Decoration.mark({ class: 'cm-chip' });
const negated = Decoration.mark({ class: 'cm-chip cm-chip-not' });
const field = Decoration.mark({ class: 'cm-chip-field' });

/** Draws each filter of the text as a chip. */
export const chips = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = chipsOf(view);
    }
    update(update: ViewUpdate): void {
      if (update.docChanged) this.decorations = chipsOf(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

function chipsOf(view: EditorView): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  for (const match of view.state.doc.toString().matchAll(filters)) {
    const [whole, not = '', name = ''] = match;
    ranges.push((not === '' ? chip : negated).range(match.index, match.index + whole.length));
    ranges.push(field.range(match.index + not.length, match.index + not.length + name.length + 1));
  }
  return Decoration.set(ranges, true);
}
