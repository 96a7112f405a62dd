import type { Field } from '../../src/core/web.ts';

/** A message of HTTP/1.1 as it stood on the wire, without what frames it. */
export interface WireMessage {
  readonly line: string;
  readonly fields: readonly Field[];
  readonly body: Buffer;
}

/** Cuts what crossed one connection into its messages; for tests, and of well-formed ones alone. The last may be cut off. */
export function cutMessages(bytes: Buffer): WireMessage[] {
  const messages: WireMessage[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) break;
    const [line = '', ...lines] = rest.toString('latin1', 0, end).split('\r\n');
    const fields = lines.map((text): Field => [text.slice(0, text.indexOf(':')).toLowerCase(), text.slice(text.indexOf(':') + 1).trim()]);
    const value = (name: string) => fields.find(([own]) => own === name)?.[1];
    rest = rest.subarray(end + 4);
    if (line.startsWith('HTTP/1.1 1')) continue;
    const length = Number(value('content-length') ?? 0);
    const { body, after } = value('transfer-encoding') === 'chunked' ? unchunked(rest) : { body: rest.subarray(0, length), after: length };
    messages.push({ line, fields, body });
    rest = rest.subarray(after);
  }
  return messages;
}

function unchunked(bytes: Buffer): { readonly body: Buffer; readonly after: number } {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return { body: Buffer.concat(pieces), after: bytes.length };
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    at = lineEnd + 2;
    if (size === 0) {
      // Trailers, up to an empty line.
      const end = bytes.indexOf('\r\n', at) === at ? at : bytes.indexOf('\r\n\r\n', at) + 2;
      return { body: Buffer.concat(pieces), after: end + 2 };
    }
    pieces.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
}
