import type { Action } from '../../core/action.ts';
import { cut } from './answer.ts';
import type { Call } from './call.ts';
import { Passage, type PassageParts, SessionOver, type Verdict } from './passage.ts';
import { failed, unreachable } from './relay.ts';

export interface Judged {
  readonly passage: Passage;
  readonly verdict: Verdict;
}

/** Takes an action through the gate; resolves when it is judged, whoever had to be asked. */
export async function judge(
  call: Call,
  action: Action,
  more: Partial<Pick<PassageParts, 'bound' | 'stated' | 'flaw' | 'notice'>> = {},
): Promise<Judged> {
  const passage = new Passage({ action, cancelled: call.gone, signal: call.session.signal, stated: call.visit.stated, ...more });
  // That an exchange is still undecided when its session ends is the gateway's affair, which has noted it.
  void call.mediate(passage);
  return { passage, verdict: await passage.judged };
}

/** Does what was judged; whatever goes wrong ends the exchange, and is told where it still can be. */
export async function conduct(call: Call, passage: Passage, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (fault) {
    if (fault instanceof SessionOver || call.over.aborted) {
      if (call.gone.aborted) call.visit.response.destroy();
      return passage.end(cut);
    }
    await failed(call, passage, unreachable(fault)).catch(() => passage.end(cut));
  }
}
