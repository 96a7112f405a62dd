import { type Claims, isObject } from './claims.ts';

/** Larger than any key set seen in the field; a hostile answer is cut here. */
const documentLimit = 1024 * 1024;
const redirectLimit = 3;

export interface FetchTerms {
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
}

/**
 * Fetches a JSON object. Redirects are followed within the same origin alone. Throws an `Error` with a message for the log on
 * anything but a complete answer of status 200 within the time and the size.
 */
export async function fetchDocument(address: string, terms: FetchTerms): Promise<Claims> {
  const signal = AbortSignal.timeout(terms.timeoutMs);
  try {
    const response = await follow(new URL(address), terms.fetch, signal);
    const value: unknown = JSON.parse(await readLimited(response));
    if (!isObject(value)) throw new Error('the answer is not a JSON object');
    return value;
  } catch (fault) {
    throw new Error(`${address}: ${signal.aborted ? `no answer within ${terms.timeoutMs} ms` : causeOf(fault)}`, { cause: fault });
  }
}

async function follow(start: URL, fetch: FetchTerms['fetch'], signal: AbortSignal): Promise<Response> {
  let url = start;
  for (let hop = 0; hop <= redirectLimit; hop += 1) {
    const response = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'application/json' } });
    if (response.status === 200) return response;
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) throw new Error(`status ${response.status}`);
    url = new URL(location, url);
    if (url.origin !== start.origin) throw new Error('redirects to another host are not followed');
  }
  throw new Error(`more than ${redirectLimit} redirects`);
}

async function readLimited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > documentLimit) throw new Error(`the answer is longer than ${documentLimit} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}

/** `fetch` says only "fetch failed"; the reason is in its cause. */
function causeOf(fault: unknown): string {
  if (fault instanceof SyntaxError) return 'the answer is not JSON';
  if (!(fault instanceof Error)) return String(fault);
  const { cause } = fault;
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : fault.message;
}
