import type { Readable } from 'node:stream';
import { messageOf } from '../../core/errors.ts';
import type { Session } from '../../core/session.ts';
import type { Field } from '../../core/web.ts';
import { encodeFrame, frameHeadBytes, frameKinds } from './framing.ts';
import { type Advertisement, largestAdvertisement, readAdvertisement } from './advertisement.ts';
import { inOwnWords } from './masking.ts';
import type { MirrorLine } from './mirror.ts';
import { SessionOver } from './passage.ts';
import { TargetFailed, type Upstream } from './upstream.ts';

/**
 * How the mirror asks its target, in a session that needs it: every request is on record in the session's channel before it is sent, in one
 * piece with a number that its answer names, since several may be under way. The answers reach no client. They are the repository itself, at
 * times gigabytes of it, so the record says how long they were.
 */
export function ownLine(session: Session, upstream: Upstream): MirrorLine {
  const ask = async ({ method, path, headers, body }: Asked, signal: AbortSignal): Promise<Answered> => {
    const request = nextRequest(session);
    const said = { request, purpose: 'mirror', method, path, headers, bytes: body?.length ?? 0 };
    const own = encodeFrame(frameKinds.own, JSON.stringify(said));
    const frames = Buffer.concat([own, ...(body === null ? [] : [encodeFrame(frameKinds.body, body)])]);
    const witnessed = await onRecord(session, frames, signal);
    const sent = body === null ? null : Buffer.from(witnessed.subarray(own.length + frameHeadBytes));
    const heard = (answer: { readonly status: number; readonly bytes: number } | { readonly failed: string }) => {
      if (!session.signal.aborted)
        session.channel(nowhere).answer(inOwnWords(encodeFrame(frameKinds.own, JSON.stringify({ request, purpose: 'mirror', ...answer }))));
    };
    try {
      const { status, body: content } = await upstream.request({ method, path, headers, body: sent, signal });
      if (status === 200) return { body: content, heard: (bytes) => heard({ status, bytes }) };
      content.destroy();
      throw new TargetFailed(`the target answered ${method} ${path} with ${status}${reasonOf(status)}`);
    } catch (fault) {
      heard({ failed: messageOf(fault) });
      throw fault;
    }
  };
  return {
    async advertisement(signal): Promise<Advertisement> {
      const headers: Field[] = [['accept-encoding', 'identity']];
      const { body, heard } = await ask({ method: 'GET', path: '/info/refs?service=git-upload-pack', headers, body: null }, signal);
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
      const { body, heard } = await ask({ method: 'POST', path: '/git-upload-pack', headers, body: content }, signal);
      let count = 0;
      for await (const piece of body as AsyncIterable<Buffer>) {
        count += piece.length;
        yield piece;
      }
      heard(count);
    },
  };
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly Field[];
  readonly body: Buffer | null;
}

interface Answered {
  readonly body: Readable;
  /** Puts on record that all of it has come. */
  readonly heard: (bytes: number) => void;
}

const asked = new WeakMap<Session, number>();

function nextRequest(session: Session): number {
  const next = (asked.get(session) ?? 0) + 1;
  asked.set(session, next);
  return next;
}

const nowhere = { forward: () => {}, deliver: () => {} };

/** What the gateway's credentials being refused looks like from here. */
function reasonOf(status: number): string {
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
