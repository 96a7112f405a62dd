import { EditorView } from '@codemirror/view';

/** The editor in the console's own colours: custom properties reach into its shadow tree. */
export const editorTheme = EditorView.theme({
  '&': {
    height: '28px',
    border: '1px solid var(--control)',
    borderRadius: '2px',
    background: 'var(--raised)',
    color: 'var(--ink)',
    fontSize: '12.5px',
  },
  '&.cm-focused': { outline: '2px solid var(--ink)', outlineOffset: '2px' },
  '.cm-scroller': { fontFamily: 'inherit', lineHeight: '26px', overflowX: 'auto', scrollbarWidth: 'none' },
  '.cm-content': { padding: '0', caretColor: 'var(--ink)', fontFamily: "'Hyperlegible Mono', ui-monospace, monospace" },
  '.cm-line': { padding: '0 8px' },
  '.cm-placeholder': { color: 'var(--quiet)' },
  '.cm-chip': { background: 'var(--sunken)', borderRadius: '2px', padding: '2px 0', boxShadow: '0 0 0 1px var(--hairline)' },
  '.cm-chip-not': { textDecoration: 'underline', textDecorationColor: 'var(--refused)' },
  '.cm-chip-field': { color: 'var(--quiet)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--refused)', textUnderlineOffset: '3px' },
  '.cm-tooltip': { zIndex: '40', background: 'var(--raised)', border: '1px solid var(--control)', color: 'var(--ink)' },
  '.cm-tooltip-autocomplete > ul': { fontFamily: "'Hyperlegible Mono', ui-monospace, monospace", maxHeight: '16em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { lineHeight: '24px', padding: '0 8px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: 'var(--ink)', color: 'var(--canvas)' },
  '.cm-completionDetail': { fontStyle: 'normal', marginLeft: '1em', opacity: '0.75' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '600' },
  '.cm-diagnostic': { padding: '4px 8px', borderLeft: '2px solid var(--refused)' },
});
