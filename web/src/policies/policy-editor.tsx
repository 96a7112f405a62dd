import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useEffectEvent, useRef } from 'react';
import { openEditor } from '../editor/shadow-editor.ts';
import { words } from '../text.ts';
import { cedarMarks } from './cedar-marks.ts';

export interface PolicyProblem {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

export interface PolicyEditorProps {
  readonly text: string;
  readonly problems: readonly PolicyProblem[];
  /** Null where it is only read. */
  readonly onChange: ((text: string) => void) | null;
}

/** The text of one file, with what is wrong with it underlined where it stands. */
export function PolicyEditor({ text, problems, onChange }: PolicyEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const change = useEffectEvent((next: string) => onChange?.(next));
  const initial = useEffectEvent(() => ({ text, readOnly: onChange === null }));
  useEffect(() => {
    if (host.current === null) return undefined;
    const editor = openEditor(
      host.current,
      stateOf(initial(), (next) => change(next)),
    );
    view.current = editor;
    return () => editor.destroy();
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === text) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
  }, [text]);
  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    const { doc } = editor.state;
    const found = problems.map(({ line, message }) => {
      const { from, to } = doc.line(Math.max(1, Math.min(doc.lines, line)));
      return { from, to, message, severity: 'error' as const };
    });
    editor.dispatch(setDiagnostics(editor.state, found));
  }, [problems]);
  return <div ref={host} data-policy-editor="" className="min-h-0 border border-control" />;
}

function stateOf({ text, readOnly }: { readonly text: string; readonly readOnly: boolean }, change: (text: string) => void): EditorState {
  return EditorState.create({
    doc: text,
    extensions: [
      lineNumbers(),
      history(),
      // Escape and then Tab leaves the editor, as its library has it for who has only a keyboard.
      keymap.of([indentWithTab, ...historyKeymap, ...defaultKeymap]),
      EditorState.readOnly.of(readOnly),
      EditorView.updateListener.of((update) => update.docChanged && change(update.state.doc.toString())),
      EditorView.contentAttributes.of({ 'aria-label': words.policies.editor, autocapitalize: 'off', spellcheck: 'false', tabindex: '0' }),
      cedarMarks,
      theme,
    ],
  });
}

const theme = EditorView.theme({
  '&': { background: 'var(--raised)', color: 'var(--ink)', fontSize: '12.5px', maxHeight: '60vh' },
  '&.cm-focused': { outline: '2px solid var(--ink)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: "'Hyperlegible Mono', ui-monospace, monospace", lineHeight: '20px', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '8px 0' },
  '.cm-word': { fontWeight: '600' },
  '.cm-aside': { color: 'var(--quiet)' },
  '.cm-quoted': { textDecoration: 'underline', textDecorationColor: 'var(--hairline)', textUnderlineOffset: '3px' },
  '.cm-gutters': { background: 'var(--sunken)', color: 'var(--quiet)', borderRight: '1px solid var(--hairline)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--refused)', textUnderlineOffset: '3px' },
  '.cm-tooltip': { background: 'var(--raised)', border: '1px solid var(--control)', color: 'var(--ink)' },
  '.cm-diagnostic': { padding: '4px 8px', borderLeft: '2px solid var(--refused)' },
});
