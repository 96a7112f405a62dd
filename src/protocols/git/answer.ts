import type { ServerResponse } from 'node:http';
import { problemOf, problemType } from '../../core/problem.ts';
import type { Outcome } from '../../core/entry.ts';
import { errorCodes } from '../../core/errors.ts';
import type { Shown } from '../../core/proof.ts';
import type { Refusal } from '../../core/verdict.ts';
import type { Field } from '../../core/web.ts';
import { drained } from '../../wire/drained.ts';
import { encodePktLine } from '../../wire/pkt-line.ts';
import { type Call, isGit } from './call.ts';
import { frameKinds } from './framing.ts';
import { inOwnWords } from './masking.ts';
import type { Passage } from './passage.ts';
import type { UpstreamReply } from './upstream.ts';

type Show = (frame: Buffer) => Shown;

/** The answer to one request: nothing of it is written that is not on record. */
export class Answer {
  readonly #passage: Passage;
  readonly #response: ServerResponse;
  readonly #gone: AbortSignal;
  #begun = false;

  constructor(passage: Passage, { visit, gone }: Pick<Call, 'visit' | 'gone'>) {
    this.#passage = passage;
    this.#response = visit.response;
    this.#gone = gone;
  }

  get begun(): boolean {
    return this.#begun;
  }

  async begin(status: number, headers: readonly Field[], show: Show): Promise<void> {
    this.#begun = true;
    const head = await this.#passage.answer(frameKinds.head, JSON.stringify({ status, headers }), show);
    // Written from what was committed, so that the wire and the record say the same.
    const said = JSON.parse(head.toString()) as { readonly status: number; readonly headers: readonly Field[] };
    if (!this.#response.headersSent && !this.#gone.aborted) this.#response.writeHead(said.status, Object.fromEntries(said.headers));
  }

  /** Resolves when the client can take more. */
  async write(bytes: Buffer, show: Show): Promise<void> {
    if (bytes.length === 0) return;
    const shown = await this.#passage.answer(frameKinds.body, bytes, show);
    if (!this.#gone.aborted && !this.#response.write(shown)) await drained(this.#response);
  }

  end(): void {
    if (!this.#gone.aborted) this.#response.end();
  }
}

/** What of a target's reply the client gets of its head; the rest is between the gateway and the target. */
const passed: ReadonlySet<string> = new Set(['content-type', 'cache-control', 'expires', 'pragma', 'content-length', 'content-encoding']);

export function replyFields({ headers }: Pick<UpstreamReply, 'headers'>): Field[] {
  return headers.filter(([name]) => passed.has(name));
}

export const noStore: Field = ['cache-control', 'no-store'];

/** A refusal in a sentence for an agent: its code, what and why, what to do next, by which policies. */
export function wordsOf({ code, message, hint, grounds }: Refusal): string {
  const policies = grounds.policies.length === 0 ? '' : ` (policies: ${grounds.policies.join(', ')})`;
  return `Chaperone ${code}: ${message} ${hint}${policies}`;
}

/**
 * Says no over HTTP. git shows a body of text/plain where it asks for refs; in a fetch it shows nothing but a line that begins with
 * ERR (gitprotocol-pack(5)), so that is what it gets there, with a status of success. git-lfs shows the `message` of a document.
 */
export async function sayNo(
  call: Call,
  passage: Passage,
  refusal: Refusal,
  { status = errorCodes[refusal.code].http, outcome }: { readonly status?: number; readonly outcome?: Outcome } = {},
): Promise<void> {
  const answer = new Answer(passage, call);
  const inLine = isGit(call) && call.path === '/git-upload-pack';
  const [given, type, body] = inLine
    ? ([200, 'application/x-git-upload-pack-result', encodePktLine(`ERR ${wordsOf(refusal)}\n`)] as const)
    : isGit(call)
      ? ([status, 'text/plain; charset=utf-8', Buffer.from(`${wordsOf(refusal)}\n`)] as const)
      : ([status, problemType, Buffer.from(JSON.stringify({ ...problemOf(refusal), status, message: wordsOf(refusal) }))] as const);
  await answer.begin(given, [['content-type', type], noStore, ['content-length', String(body.length)]], inOwnWords);
  await answer.write(body, inOwnWords);
  answer.end();
  passage.end(outcome ?? refused(refusal, given));
}

export function refused(refusal: Refusal, status: number): Outcome {
  const { code, message, detail } = refusal;
  // What a client is not told the record is: what exactly went wrong.
  const whole = detail === null ? message : `${message} (${detail})`;
  return { status: 'refused', rows: null, tag: `HTTP ${status}`, error: { code, message: whole } };
}

export const cut: Outcome = { status: 'cut', rows: null, tag: null, error: null };
