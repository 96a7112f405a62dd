import type { Part } from '../../core/part.ts';
import { bytesPart, textPart } from './shown-parts.ts';

const opcodes: { readonly [opcode: number]: string } = { 0: 'continuation', 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' };

/** A WebSocket message's piece (RFC 6455 section 5.2). */
export function messageParts(payload: Buffer): Part[] {
  const [opcode = 0, last = 1] = payload;
  const content = payload.subarray(2);
  const mark: Part = { shape: 'mark', name: 'message', detail: { kind: opcodes[opcode] ?? String(opcode), last: last === 1 } };
  if (content.length === 0) return [mark];
  return [mark, ...(opcode === 1 ? textPart(content.toString('utf8')) : [bytesPart(content)])];
}
