import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  closeCompletion,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { setDiagnostics } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder, tooltips } from '@codemirror/view';
import { useEffect, useEffectEvent, useRef } from 'react';
import { openEditor } from '../editor/shadow-editor.ts';
import { words } from '../text.ts';
import { chips } from './chips.ts';
import { editorTheme } from './editor-theme.ts';
import { fieldBefore, type QueryField, valuesOf } from './fields.ts';

export interface QueryProblem {
  readonly from: number;
  readonly until: number;
  readonly message: string;
  /** What may have been meant there. */
  readonly instead: string | null;
}

export interface QueryEditorProps {
  readonly value: string;
  readonly fields: readonly QueryField[];
  readonly problems: readonly QueryProblem[];
  /** Told what takes the focus. */
  readonly onReady: (field: { focus(): void }) => void;
  readonly onChange: (text: string) => void;
  readonly onSubmit: (text: string) => void;
}

/** The query as text that colours itself: chips are how the text is drawn, and nothing that is not in it. */
export function QueryEditor({ value, fields, problems, onReady, onChange, onSubmit }: QueryEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const change = useEffectEvent(onChange);
  const submit = useEffectEvent(onSubmit);
  const ready = useEffectEvent(onReady);
  const complete = useEffectEvent((context: CompletionContext) => completionsAt(context, fields));
  const initial = useEffectEvent(() => value);
  useEffect(() => {
    if (host.current === null) return undefined;
    const sources = {
      change: (text: string) => change(text),
      submit: (text: string) => submit(text),
      complete: (at: CompletionContext) => complete(at),
    };
    const editor = openEditor(host.current, stateOf(initial(), sources));
    view.current = editor;
    ready(editor);
    return () => editor.destroy();
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);
  useEffect(() => {
    const editor = view.current;
    if (editor === null) return;
    const within = (at: number) => Math.max(0, Math.min(editor.state.doc.length, at));
    const found = problems.map(({ from, until, message }) => ({
      from: within(from),
      to: within(until),
      message,
      severity: 'error' as const,
    }));
    editor.dispatch(setDiagnostics(editor.state, found));
  }, [problems]);
  return <div ref={host} data-query-editor="" className="min-w-0 flex-1" />;
}

interface Sources {
  readonly change: (text: string) => void;
  readonly submit: (text: string) => void;
  readonly complete: (context: CompletionContext) => CompletionResult | null;
}

function stateOf(doc: string, { change, submit, complete }: Sources): EditorState {
  const enter = {
    key: 'Enter',
    run: (view: EditorView) => {
      closeCompletion(view);
      submit(view.state.doc.toString());
      return true;
    },
  };
  return EditorState.create({
    doc,
    extensions: [
      history(),
      autocompletion({ override: [complete], icons: false, activateOnTypingDelay: 30, selectOnOpen: false }),
      Prec.high(keymap.of(completionKeymap)),
      keymap.of([enter, ...historyKeymap, ...defaultKeymap]),
      EditorState.transactionFilter.of((transaction) => (transaction.newDoc.lines > 1 ? [] : transaction)),
      EditorView.updateListener.of((update) => update.docChanged && change(update.state.doc.toString())),
      EditorView.contentAttributes.of({ 'aria-label': words.query.label, autocapitalize: 'off', spellcheck: 'false' }),
      placeholder(words.query.placeholder),
      tooltips({ position: 'absolute' }),
      chips,
      editorTheme,
    ],
  });
}

/** Fields where a word begins, and what a field can be where its colon stands before. */
function completionsAt(context: CompletionContext, fields: readonly QueryField[]): CompletionResult | null {
  const field = fieldBefore(context.state.doc.sliceString(0, context.pos));
  if (field !== null) {
    const options = valuesOf(fields, field.name).map((label): Completion => ({ label, type: 'constant' }));
    return options.length === 0 ? null : { from: field.from, options, validFor: /^[\w-]*$/ };
  }
  const word = context.matchBefore(/[a-z_]+$/i);
  if (word === null && !context.explicit) return null;
  const options = fields.map(({ name, says }): Completion => ({ label: `${name}:`, detail: says, type: 'property' }));
  return { from: word?.from ?? context.pos, options, validFor: /^[a-z_]*$/i };
}
