import { type Listening, startListening } from './program.ts';
import type { Target } from './target.ts';

/** A process that only carries bytes: what Node and the kernel take before anything is read, judged or kept. */
export function startPipe(target: Target): Promise<Listening> {
  return startListening(new URL('./pipe-program.ts', import.meta.url), target.port);
}
