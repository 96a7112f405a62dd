import type { Part } from '../../core/part.ts';
import { bytesPart, textPart } from './shown-parts.ts';
import { textIn } from './text-encoding.ts';

/** What a form of parts says (RFC 7578): fields and texts as text, the rest as bytes, in their order and whole. */
export function multipartParts(body: Buffer): Part[] {
  const [, boundary] = /^(--[^\r\n]{1,72})\r?\n/.exec(body.toString('latin1', 0, 80)) ?? [];
  if (boundary === undefined) return [bytesPart(body)];
  const parts: Part[] = [];
  let text = '';
  const say = (bytes: Buffer) => {
    const said = textIn('utf-8', bytes);
    if (said === null) parts.push(...textPart(text), bytesPart(bytes));
    text = said === null ? '' : text + said;
  };
  for (let at = 0; at < body.length; ) {
    const next = body.indexOf(`\n${boundary}`, at + 1, 'latin1');
    const end = next === -1 ? body.length : next + 1;
    const section = body.subarray(at, end);
    const blank = section.indexOf('\r\n\r\n');
    const fields = blank === -1 ? section.length : blank + 4;
    say(section.subarray(0, fields));
    if (fields < section.length) say(section.subarray(fields));
    at = end;
  }
  return [...parts, ...textPart(text)];
}
