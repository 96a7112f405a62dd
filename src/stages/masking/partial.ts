import type { Shape } from './detectors/detector.ts';

const hidden = '***';
const enough = 30;

/** How many letters and digits there are; more than enough are not counted. */
function meaningful(value: string): number {
  let count = 0;
  for (let index = 0; index < value.length && count < enough; index += 1) {
    const code = value.charCodeAt(index);
    const counts = code < 128 ? alphanumeric[code] === 1 : letterOrDigit.test(String.fromCodePoint(value.codePointAt(index) ?? 0));
    if (counts) count += 1;
    if (code >= 0xd800 && code < 0xdc00) index += 1;
  }
  return count;
}
const letterOrDigit = /[\p{L}\p{N}]/u;
const alphanumeric = Uint8Array.from({ length: 128 }, (_, code) => (/[A-Za-z0-9]/.test(String.fromCharCode(code)) ? 1 : 0));

/**
 * What may be left of a value: never more than a third of its letters and digits, and nothing of one that has fewer than six.
 * Null where nothing may. The number of stars says nothing of the length.
 */
export function partialText(value: string, shape: Shape | 'text'): string | null {
  const third = Math.floor(meaningful(value) / 3);
  if (third < 2) return null;
  switch (shape) {
    case 'email':
      return partialEmail(value, third);
    case 'card':
    case 'phone':
    case 'id':
      return hidden + lastOf(value, Math.min(4, third));
    case 'iban':
      return value.slice(0, 2) + hidden + lastOf(value, Math.min(4, third - 2));
    case 'ip':
      return partialIp(value, third);
    case 'secret':
      return null;
    case 'text':
      return (Array.from(value.slice(0, 2))[0] ?? '') + hidden;
    default:
      return shape satisfies never;
  }
}

/** The first letter, and of the domain its last part, where that is short enough. */
function partialEmail(value: string, third: number): string {
  const top = value.slice(value.lastIndexOf('.'));
  const first = Array.from(value.slice(0, 2))[0] ?? '';
  return `${first}${hidden}@${hidden}${top.length <= third ? top : ''}`;
}

function lastOf(value: string, count: number): string {
  const plain = value.replaceAll(/[^A-Za-z0-9]/g, '');
  return count > 0 ? plain.slice(-count) : '';
}

function partialIp(value: string, third: number): string | null {
  const first = value.slice(0, value.search(/[.:]/));
  if (first === '' || first.length > third) return null;
  return value.includes(':') ? `${first}::` : `${first}.0.0.0`;
}
