import type { Session } from '../../core/session.ts';
import type { WebPlace } from '../../wire/settings.ts';
import { endFrame, frameOf, headFrame, letter } from './framing.ts';
import { inOwnWords } from './masking.ts';
import type { PostForm } from './oauth.ts';

/**
 * Asks an authorization server for the session that needs its token: the question is on record in the session's own channel before it is
 * asked, and so is what came of it. What proves the gateway, and the token, are not.
 */
export function onRecord(session: Session, place: WebPlace, post: PostForm): PostForm {
  return async (form, authorization) => {
    const committed = Promise.withResolvers<void>();
    const { signal } = session;
    const ended = () => committed.reject(new Error('the session ended before its question was on record'));
    if (signal.aborted) ended();
    else signal.addEventListener('abort', ended, { once: true });
    const channel = session.channel({ forward: () => committed.resolve(), deliver: () => {} });
    const head = headFrame(letter.request, `POST ${place.origin}${place.path || '/'}`, [
      ['content-type', 'application/x-www-form-urlencoded'],
    ]);
    channel.ask(Buffer.concat([head, frameOf(letter.body, Buffer.from(form, 'utf8')), endFrame]), session.permit);
    try {
      await committed.promise;
    } finally {
      signal.removeEventListener('abort', ended);
    }
    const answer = await post(form, authorization);
    const told = Buffer.from(JSON.stringify(tellable(answer.text)), 'utf8');
    const reply = headFrame(letter.reply, `${answer.status} `, [['content-type', 'application/json']]);
    channel.answer(inOwnWords(Buffer.concat([reply, frameOf(letter.body, told), endFrame])));
    return answer;
  };
}

/** Of the answer what is no secret whatever the server is like: RFC 6749 section 5.1 has a word and a number. */
function tellable(text: string): { readonly token_type?: string; readonly expires_in?: number } {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return {}; // Its status is all that can be told.
  }
  if (typeof answer !== 'object' || answer === null) return {};
  const type = 'token_type' in answer ? answer.token_type : null;
  const seconds = 'expires_in' in answer ? answer.expires_in : null;
  return {
    ...(typeof type === 'string' && type.toLowerCase() === 'bearer' ? { token_type: type } : {}),
    ...(typeof seconds === 'number' ? { expires_in: seconds } : {}),
  };
}
