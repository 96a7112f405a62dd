import type { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

/**
 * An editor in a shadow tree of its own. There its styles are constructed sheets, which the page's policy allows; anywhere else
 * they would be style elements, which it does not.
 */
export function openEditor(host: HTMLElement, state: EditorState): EditorView {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  return new EditorView({ root, parent: root, state });
}
