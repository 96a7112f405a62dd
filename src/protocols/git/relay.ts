import { Readable } from 'node:stream';
import type { Outcome } from '../../core/entry.ts';
import { messageOf } from '../../core/errors.ts';
import { type Refusal, refuse } from '../../core/verdict.ts';
import type { Field } from '../../core/web.ts';
import { Answer, replyFields, sayNo } from './answer.ts';
import type { Call } from './call.ts';
import { frameKinds } from './framing.ts';
import type { ShowWhole } from './masking.ts';
import type { Passage } from './passage.ts';
import { TargetFailed, type UpstreamReply } from './upstream.ts';

export interface Relayed {
  readonly method: string;
  readonly path: string;
  /** Of the request, as the target gets them, but for the credential. */
  readonly headers: readonly Field[];
  readonly body: Buffer | AsyncIterable<Buffer> | null;
}

export const maskedRefusal = refuse(
  'ACCESS_REFUSED',
  'Data of this connection is masked, and nothing can be masked in what git fetches: each object is named by the digest of its content.',
  'Ask for a policy that permits unmask on the connection, or for another connection to the repository.',
);

/** Puts a request on record and sends what came back from there; resolves with the target's reply. */
export async function send(
  call: Call,
  passage: Passage,
  { method, path, headers, body }: Relayed,
  signal: AbortSignal,
): Promise<UpstreamReply> {
  const head = await passage.ask(frameKinds.head, JSON.stringify({ method, path, headers }));
  const said = JSON.parse(head.toString()) as Omit<Relayed, 'body'>;
  const witnessed = Buffer.isBuffer(body)
    ? await passage.ask(frameKinds.body, body)
    : body && Readable.from(witness(passage, body), { objectMode: false });
  return call.upstream.request({ ...said, body: witnessed, signal });
}

async function* witness(passage: Passage, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) yield await passage.ask(frameKinds.body, piece);
}

/** Hands a target's reply on as it comes. */
export async function handOn(
  call: Call,
  passage: Passage,
  reply: UpstreamReply,
  show: ShowWhole,
  fields: readonly Field[] = replyFields(reply),
): Promise<Outcome> {
  const answer = new Answer(passage, call);
  await answer.begin(reply.status, fields, show);
  for await (const piece of reply.body as AsyncIterable<Buffer>) await answer.write(piece, show);
  answer.end();
  return outcomeOf(reply.status);
}

export function outcomeOf(status: number): Outcome {
  const ok = status < 400;
  return {
    status: ok ? 'ok' : 'error',
    rows: null,
    tag: `HTTP ${status}`,
    error: ok ? null : { code: String(status), message: `The target answered ${status}.` },
  };
}

/** Whether the reply is one that the client may take for the repository's: neither a question for credentials nor another place. */
export function faultOf({ status, headers }: UpstreamReply, type: string): Refusal | null {
  const given = headers
    .find(([name]) => name === 'content-type')?.[1]
    ?.split(';')[0]
    ?.trim();
  if (status === 200 && given === type) return null;
  const why =
    status === 401 || status === 403
      ? `The target refuses the gateway’s credentials (${status}).`
      : status === 404
        ? 'The target has no such repository (404).'
        : status >= 300 && status < 400
          ? `The target says that the repository is somewhere else (${status}).`
          : `The target answered ${status} with ${given ?? 'no type'}, which is not git’s protocol.`;
  return refuse('TARGET_FAULT', why, 'Tell whoever runs Chaperone; nothing else can be done about it here.');
}

export function unreachable(fault: unknown): Refusal {
  const hint = 'Try again; if it stays so, tell whoever runs Chaperone.';
  const detail = { detail: messageOf(fault) };
  if (fault instanceof TargetFailed) return refuse('TARGET_UNREACHABLE', 'The git server could not be asked.', hint, detail);
  return refuse('INTERNAL', 'A fault inside Chaperone; the request is refused.', hint, detail);
}

/** Says what went wrong with the target, and closes the exchange as its error. */
export async function failed(call: Call, passage: Passage, refusal: Refusal): Promise<void> {
  const { response } = call.visit;
  const outcome: Outcome = {
    status: 'error',
    rows: null,
    tag: null,
    error: { code: refusal.code, message: `${refusal.message} ${refusal.detail ?? ''}`.trim() },
  };
  if (response.headersSent) {
    // The client sees that it was cut off: half a pack must not look like a whole one.
    response.destroy();
    passage.end(outcome);
    return;
  }
  await sayNo(call, passage, refusal, { outcome });
}
