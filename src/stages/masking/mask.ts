import { type MaskAction, redacted } from './action.ts';
import type { Shape } from './detectors/detector.ts';
import { partialText } from './partial.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { shapeOf } from './shape.ts';

/** What to do with a value; `label` is the configuration's word for what was there. */
export interface Mask {
  readonly action: MaskAction;
  readonly label: string;
}

/** A text, or a piece of text, masked; its shape is looked at where it is not known. */
export function maskText(text: string, { action, label }: Mask, pseudonyms: Pseudonyms, known?: Shape | 'text'): string | null {
  switch (action) {
    case 'redact':
      return redacted(label);
    case 'partial':
      return partialText(text, known ?? shapeOf(text)) ?? redacted(label);
    case 'pseudonym':
      return pseudonyms.text(text, known);
    case 'null':
      return null;
    default:
      return action satisfies never;
  }
}
