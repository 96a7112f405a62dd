import { connectionWords } from './text/connections.ts';
import { decideWords } from './text/decide.ts';
import { evidenceWords } from './text/evidence.ts';
import { keepWords } from './text/keep.ts';
import { maskingWords } from './text/masking.ts';
import { pageWords } from './text/page.ts';
import { pieceWords } from './text/piece.ts';
import { recordWords } from './text/record.ts';

/*
 * Every word of the console, in one place. Sentence case, past tense for what happened, five verbs for what the gateway does (permit,
 * approve, hold, refuse, mask) and stop. "Unknown" is a word that may be used; adjectives about safety are not.
 */
export const words = {
  ...pageWords,
  ...pieceWords,
  ...recordWords,
  ...decideWords,
  ...keepWords,
  ...maskingWords,
  ...evidenceWords,
  ...connectionWords,
} as const;
