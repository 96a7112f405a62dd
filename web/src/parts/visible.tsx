import { memo } from 'react';
import { words } from '../text.ts';
import { beginningOf, piecesOf } from './visible-text.ts';

interface VisibleProps {
  readonly text: string;
  /** Characters that are drawn at most; what is left out is counted. */
  readonly limit?: number;
  /** On one line: line feeds and tabs are drawn as pictures. */
  readonly line?: boolean;
}

/** A text that somebody else wrote, with everything in it that eyes do not see made visible. */
export const Visible = memo(function Visible({ text, limit = 4096, line = false }: VisibleProps) {
  const shown = beginningOf(text, limit);
  const flat = line ? shown.text.replaceAll('\n', '↵').replaceAll('\t', '⇥') : shown.text;
  return (
    <bdi>
      {piecesOf(flat).map((piece, place) =>
        piece.kind === 'text' ? (
          piece.text
        ) : (
          // The pieces of one text never change places.
          <span key={place} className="unseen" title={piece.name} role="img" aria-label={piece.name}>
            {piece.picture}
          </span>
        ),
      )}
      {shown.more > 0 && <span className="text-quiet">{words.moreCharacters(shown.more)}</span>}
    </bdi>
  );
});
