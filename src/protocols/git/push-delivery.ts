import { createReadStream } from 'node:fs';
import { setInterval } from 'node:timers';
import type { Refusal } from '../../core/verdict.ts';
import type { Outcome } from '../../core/entry.ts';
import { Answer, noStore, refused, replyFields, sayNo, wordsOf } from './answer.ts';
import type { Call } from './call.ts';
import { encodeFrame, frameKinds } from './framing.ts';
import type { Inspection } from './inspection.ts';
import { inOwnWords, type ShowWhole } from './masking.ts';
import type { Passage, Verdict } from './passage.ts';
import type { Push } from './push.ts';
import { attempt } from './reading.ts';
import { faultOf, maskedRefusal, send, unreachable } from './relay.ts';
import { canReport, hasBands, keepAlive, lastWords, progress, refusalReport, ReportReader } from './report.ts';
import type { UpstreamReply } from './upstream.ts';

const resultType = 'application/x-git-receive-pack-result';
/** Proxies and clients take a connection for dead that says nothing for a minute. */
const keepAliveMs = 5_000;
const detailBytes = 1024 * 1024;
const bookkeepingMs = 60_000;
/** Of the places of secrets, so many are told to who pushed; all of them are on record. */
const secretsTold = 10;

/** One push from its question to its answer: on record, held while people are asked, sent, or refused. */
export class PushDelivery {
  readonly #call: Call;
  readonly #push: Push;
  /** Why it is refused whatever policy says. */
  readonly #flaw: Refusal | null;
  #answer: Answer | null = null;
  #holding: Promise<void> = Promise.resolve();
  #alive: NodeJS.Timeout | null = null;
  #found: Promise<void> | null = null;

  constructor(call: Call, push: Push, flaw: Refusal | null) {
    this.#call = call;
    this.#push = push;
    this.#flaw = flaw;
    const { capabilities } = push.request;
    if (hasBands(capabilities)) call.farewell.form = { type: resultType, words: lastWords };
  }

  /** People are asked. What they are asked about is on record at once, so that they can look at all of it. */
  hold(text: string, passage: Passage): void {
    const { capabilities } = this.#push.request;
    const recorded = this.#recordFound(passage);
    this.#holding = (async () => {
      await recorded;
      if (!canReport(capabilities) || !hasBands(capabilities)) return;
      const answer = await this.#begin(passage);
      await answer.write(progress(text), inOwnWords);
      this.#alive = setInterval(() => void answer.write(keepAlive, inOwnWords).catch(() => {}), keepAliveMs);
    })();
    // What fails here fails again where it is waited for.
    this.#holding.catch(() => {});
  }

  async conclude(passage: Passage, verdict: Verdict): Promise<void> {
    try {
      await this.#holding;
    } finally {
      if (this.#alive !== null) clearInterval(this.#alive);
    }
    await this.#recordFound(passage);
    const { show } = this.#call;
    const no = this.#flaw ?? (verdict.kind === 'refusal' ? verdict.refusal : show === null ? maskedRefusal : null);
    if (no !== null || show === null) return this.#refuse(passage, no ?? maskedRefusal);
    await this.#send(passage, show);
  }

  async #refuse(passage: Passage, refusal: Refusal): Promise<void> {
    const { asked } = this.#push;
    attempt(passage, asked);
    if (asked.body !== null && !Buffer.isBuffer(asked.body)) for await (const piece of asked.body) passage.attempt(frameKinds.body, piece);
    await this.#sayNo(passage, refusal, refused(refusal, 200));
  }

  async #sayNo(passage: Passage, refusal: Refusal, outcome: Outcome): Promise<void> {
    const { commands, capabilities } = this.#push.request;
    if (!canReport(capabilities)) return sayNo(this.#call, passage, refusal);
    const answer = await this.#begin(passage);
    const words = `${wordsOf(refusal)}${refusal.code === 'ACCESS_REFUSED' ? this.#whereSecrets() : ''}`;
    await answer.write(refusalReport(commands, capabilities, `${refusal.code}: ${refusal.message}`, words), inOwnWords);
    answer.end();
    passage.end(outcome);
  }

  /** Whoever is refused for them has to find them: they are in what was pushed. */
  #whereSecrets(): string {
    const { found } = this.#push;
    if ('kind' in found || found.secrets.length === 0) return '';
    const places = found.secrets.slice(0, secretsTold).map((place) => `\n  ${place.replaceAll(/\p{Cc}/gu, '?')}`);
    const more = found.secrets.length - places.length;
    return `\nThese lines look like secrets (path:line:rule):${places.join('')}${more === 0 ? '' : `\n  and ${more} more`}`;
  }

  async #send(passage: Passage, show: ShowWhole): Promise<void> {
    const { session } = this.#call;
    let reply: UpstreamReply;
    try {
      // A client that goes now is no reason to stop: the target has the push, or half of it, and what it makes of it is to be on record.
      reply = await send(this.#call, passage, this.#push.asked, session.signal);
    } catch (fault) {
      if (session.signal.aborted) throw fault;
      return this.#sayNo(passage, unreachable(fault), failure('TARGET_UNREACHABLE', String(fault)));
    }
    const fault = faultOf(reply, resultType);
    if (fault !== null) {
      reply.body.destroy();
      return this.#sayNo(passage, fault, failure(String(reply.status), fault.message));
    }
    await this.#handOn(passage, reply, show);
  }

  async #handOn(passage: Passage, reply: UpstreamReply, show: ShowWhole): Promise<void> {
    const { commands, capabilities } = this.#push.request;
    const report = new ReportReader(capabilities);
    const answer = await this.#begin(passage, replyFields(reply), show);
    for await (const piece of reply.body as AsyncIterable<Buffer>) {
      report.feed(piece);
      await answer.write(piece, show);
    }
    const accepted = commands.filter(({ ref }) => report.accepted(ref));
    // Before the client hears of it: what it asks next may be about what it has just pushed.
    if (accepted.length > 0) await this.#keep(accepted);
    answer.end();
    passage.end(outcomeOf(report, canReport(capabilities), commands.length));
  }

  async #keep(accepted: Push['request']['commands']): Promise<void> {
    try {
      await this.#call.mirror.accept(this.#push.quarantine, accepted, AbortSignal.timeout(bookkeepingMs));
    } catch {
      // The mirror lacks what it will fetch at the next push; nothing depends on having it now.
    }
  }

  /** Begins the answer once, before a person has answered or behind that. */
  async #begin(
    passage: Passage,
    fields: readonly (readonly [string, string])[] = [['content-type', resultType], noStore],
    show: ShowWhole = inOwnWords,
  ): Promise<Answer> {
    if (this.#answer !== null) return this.#answer;
    this.#answer = new Answer(passage, this.#call);
    await this.#answer.begin(200, fields, show);
    return this.#answer;
  }

  /** Puts on record what the push does, every commit with its patch, once. It goes nowhere. */
  #recordFound(passage: Passage): Promise<void> {
    return (this.#found ??= this.#writeFound(passage));
  }

  async #writeFound(passage: Passage): Promise<void> {
    const { found, quarantine } = this.#push;
    if ('kind' in found) return;
    passage.attemptFrames(encodeFrame(frameKinds.summary, JSON.stringify(summaryOf(found))));
    const detail = createReadStream(`${quarantine.folder}/detail`, { highWaterMark: detailBytes });
    for await (const piece of detail as AsyncIterable<Buffer>) passage.attemptFrames(piece);
  }
}

/** The beginning of the patch stands behind it in full. */
function summaryOf({ preview: _preview, ...rest }: Inspection): Omit<Inspection, 'preview'> {
  return rest;
}

function outcomeOf(report: ReportReader, reports: boolean, count: number): Outcome {
  if (!reports) return { status: 'ok', rows: null, tag: 'HTTP 200', error: null };
  if (report.rejected !== null) return failure('REJECTED', report.rejected);
  if (!report.unpacked) return failure('UNREADABLE', 'The target’s report cannot be read.');
  return { status: 'ok', rows: null, tag: `${count} ${count === 1 ? 'ref' : 'refs'}`, error: null };
}

function failure(code: string, message: string): Outcome {
  return { status: 'error', rows: null, tag: null, error: { code, message } };
}
