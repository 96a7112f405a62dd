import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Act } from '../../core/exchange.ts';
import { type SessionMasking, Tally } from '../../core/masking.ts';
import { type Elsewhere, shownLimits } from './approval.ts';
import { beginning, cut } from './visible.ts';

/** Longer values are not searched, and not told. */
const longestSearched = 16_384;
/** So much at the end of a text that is cut may be the beginning of a value, which nobody would know again. */
const uncertain = 4_096;

/**
 * What webhooks and Slack are told of an act: without what detectors and patterns of its connection find, because what an approver
 * reads in the console would stay there in other people's hands. Null where they find nothing.
 */
export async function elsewhere({ action, parameters, stated }: Act, masking: SessionMasking | null): Promise<Elsewhere | null> {
  if (masking === null) return null;
  const tally = new Tally();
  const text = maskText(action.text, shownLimits.text, masking, tally);
  const told: (string | null)[] = [];
  for (const value of parameters.slice(0, shownLimits.parameters)) {
    // The search of a long value takes up to 4 ms: others have their turn in between.
    if (value !== null && value.length > 1_024) await nextTurn();
    told.push(value === null ? null : maskValue(value, masking, tally));
  }
  const why = stated?.text ? cut(maskText(stated.text, longestSearched, masking, tally), shownLimits.stated) : null;
  return tally.isEmpty ? null : { text, parameters: told, stated: why };
}

function maskText(text: string, limit: number, masking: SessionMasking, tally: Tally): string {
  const masked = masking.text(beginning(text, limit), tally);
  return text.length > limit ? masked.slice(0, -uncertain) : masked;
}

function maskValue(value: string, masking: SessionMasking, tally: Tally): string {
  if (value.length <= longestSearched) return cut(masking.text(value, tally), shownLimits.parameter);
  tally.add('words', null, 'value');
  return `[${value.length} characters, too long to be searched]`;
}
