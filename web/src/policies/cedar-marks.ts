import type { Range } from '@codemirror/state';
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';

const tokens = /\/\/.*|"(?:[^"\\\n]|\\.)*"?|@\w+|\b(?:permit|forbid|when|unless|if|then|else|in|is|like|has|true|false)\b/g;

const aside = Decoration.mark({ class: 'cm-aside' });
const quoted = Decoration.mark({ class: 'cm-quoted' });
const word = Decoration.mark({ class: 'cm-word' });

/** Hue is for verdicts, so what words are is told by weight and line alone. */
export const cedarMarks = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = marksOf(view);
    }
    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged) this.decorations = marksOf(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

function marksOf(view: EditorView): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  for (const { from, to } of view.visibleRanges)
    for (const match of view.state.sliceDoc(from, to).matchAll(tokens)) {
      const [text] = match;
      const mark = text.startsWith('//') ? aside : text.startsWith('"') ? quoted : word;
      ranges.push(mark.range(from + match.index, from + match.index + text.length));
    }
  return Decoration.set(ranges, true);
}
