import type { Session } from '../../core/session.ts';
import type { Field } from '../../core/web.ts';
import { encodeFrame, frameHeadBytes, frameKinds } from './framing.ts';
import { type Advertisement, largestAdvertisement, readAdvertisement } from './advertisement.ts';
import { inOwnWords } from './masking.ts';
import type { MirrorLine } from './mirror.ts';
import { SessionOver } from './passage.ts';
import { TargetFailed, type Upstream, type UpstreamReply } from './upstream.ts';

/**
 * How the mirror asks its target, in a session that needs it: every request is on record in the session's channel before it is sent.
 * The answers reach no client. They are the repository itself, at times gigabytes of it, so the record says how long they were.
 */
export function ownLine(session: Session, upstream: Upstream): MirrorLine {
  const request = async (method: string, path: string, headers: readonly Field[], body: Buffer | null, signal: AbortSignal) => {
    const head = encodeFrame(frameKinds.own, JSON.stringify({ method, path, headers, purpose: 'mirror' }));
    await onRecord(session, head, signal);
    const sent = body === null ? null : (await onRecord(session, encodeFrame(frameKinds.body, body), signal)).subarray(frameHeadBytes);
    const reply = await upstream.request({ method, path, headers, body: sent === null ? null : Buffer.from(sent), signal });
    if (reply.status === 200) return reply;
    reply.body.destroy();
    throw new TargetFailed(`the target answered ${method} ${path} with ${reply.status}${reasonOf(reply)}`);
  };
  const heard = (bytes: number) => {
    if (!session.signal.aborted)
      session.channel(nowhere).answer(inOwnWords(encodeFrame(frameKinds.own, JSON.stringify({ answered: bytes, purpose: 'mirror' }))));
  };
  return {
    async advertisement(signal): Promise<Advertisement> {
      const { body } = await request('GET', '/info/refs?service=git-upload-pack', [['accept-encoding', 'identity']], null, signal);
      const bytes = await collectBody(body, largestAdvertisement);
      heard(bytes.length);
      return readAdvertisement(bytes, 'git-upload-pack');
    },
    async *fetch(content, signal): AsyncGenerator<Buffer> {
      const headers: Field[] = [
        ['content-type', 'application/x-git-upload-pack-request'],
        ['accept', 'application/x-git-upload-pack-result'],
        ['content-length', String(content.length)],
      ];
      const { body } = await request('POST', '/git-upload-pack', headers, content, signal);
      let count = 0;
      for await (const piece of body as AsyncIterable<Buffer>) {
        count += piece.length;
        yield piece;
      }
      heard(count);
    },
  };
}

const nowhere = { forward: () => {}, deliver: () => {} };

/** What the gateway's credentials being refused looks like from here. */
function reasonOf({ status }: UpstreamReply): string {
  if (status === 401 || status === 403) return ': the gateway’s credentials are not good for it';
  return status >= 300 && status < 400 ? ': the repository is somewhere else' : '';
}

export async function collectBody(body: AsyncIterable<Buffer>, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > most) throw new TargetFailed(`an answer of more than ${most} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function onRecord(session: Session, bytes: Buffer, signal: AbortSignal): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const stop = () => reject(new SessionOver('the session ended while the target was being asked'));
  if (signal.aborted) stop();
  else {
    signal.addEventListener('abort', stop, { once: true });
    session.channel({ forward: resolve, deliver: () => {} }).ask(bytes, session.permit);
  }
  return promise.finally(() => signal.removeEventListener('abort', stop));
}
