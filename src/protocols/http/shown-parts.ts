import type { Part } from '../../core/part.ts';

export function textPart(text: string): Part[] {
  return text === '' ? [] : [{ shape: 'text', text }];
}

export function bytesPart(bytes: Buffer): Part {
  return { shape: 'bytes', count: bytes.length, base64: bytes.toString('base64') };
}
