import { Worker } from 'node:worker_threads';
import type { DraftFile, DraftFindings } from '../../stages/policy/draft.ts';
import { withDraft } from '../../stages/policy/draft.ts';
import type { BacktestOrder } from './backtest-worker.ts';
import type { Findings } from './compare.ts';

export type BacktestFindings =
  | ({ readonly kind: 'tested'; readonly version: string } & Findings)
  | (DraftFindings & { readonly kind: 'unsound' });

/** Some 20 s of a core at the most; the newest sessions come first. */
const limits = { exchanges: 50_000, milliseconds: 20_000 };
/** To read the draft, and to stop between two exchanges. */
const readingMs = 20_000;

/**
 * Judges recorded exchanges by a draft, in a thread of its own: Cedar never frees what it has parsed, so the thread that did it ends
 * with it.
 */
export function runBacktest(files: readonly DraftFile[], order: Omit<BacktestOrder, 'folder' | 'limits'>): Promise<BacktestFindings> {
  return withDraft(files, (folder) => judged({ ...order, folder, limits }));
}

function judged(order: BacktestOrder): Promise<BacktestFindings> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./backtest-worker.ts', import.meta.url), { workerData: order });
    const late = setTimeout(() => void worker.terminate(), order.limits.milliseconds + readingMs);
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`the thread that judges anew ended with ${code}`));
    });
  });
}
