import { problemOf, problemType } from '../../core/problem.ts';
import type { Refusal } from '../../core/verdict.ts';
import { endFrame, frameOf, headFrame, letter } from './framing.ts';

/** What the gateway itself answers: a problem document (RFC 9457), as frames. */
export function problemFrames(refusal: Refusal): Buffer {
  const document = problemOf(refusal);
  const body = Buffer.from(JSON.stringify(document), 'utf8');
  const head = headFrame(letter.reply, `${document.status} `, [
    ['content-type', problemType],
    ['content-length', String(body.length)],
    ['cache-control', 'no-store'],
  ]);
  return Buffer.concat([head, frameOf(letter.body, body), endFrame]);
}
