import { isIPv6 } from 'node:net';
import type { ValueKind } from '../../core/masking.ts';
import { type MaskAction, redacted } from './action.ts';
import { replaceLeaves } from './json.ts';
import { type Mask, maskText } from './mask.ts';
import { maskDecimal, maskInteger, maskNumber } from './numbers.ts';
import { partialText } from './partial.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { maskTime } from './times.ts';

/** What takes the place of a value, in the text form of its kind, or null. The table is in docs/masking.md. */
export function maskValue(text: string, mask: Mask, kind: ValueKind, pseudonyms: Pseudonyms): string | null {
  const { action } = mask;
  if (action === 'null') return null;
  switch (kind) {
    case 'text':
      return maskText(text, mask, pseudonyms);
    case 'integer':
      return maskInteger(text, action, pseudonyms);
    case 'numeric':
    case 'float':
      return maskDecimal(text, action, pseudonyms);
    case 'boolean':
      return 'f';
    case 'uuid':
      return maskUuid(text, action, pseudonyms);
    case 'date':
    case 'time':
    case 'timestamp':
    case 'interval':
      return maskTime(text, action, kind, pseudonyms);
    case 'json':
      return maskJson(text, mask, pseudonyms);
    case 'bytes':
      return action === 'pseudonym' ? `\\x${pseudonyms.digest('bytes', text.toLowerCase()).toString('hex')}` : '\\x';
    case 'inet':
      return maskAddress(text, action, pseudonyms);
    case 'mac':
      return '00:00:00:00:00:00';
    case 'array':
      return '{}';
    case 'other':
      return null;
    default:
      return kind satisfies never;
  }
}

/** What takes the place of every such value alike; undefined where it depends on the value. */
export function alwaysMasked({ action, label }: Mask, kind: ValueKind): string | null | undefined {
  if (action === 'null' || kind === 'other') return null;
  if (kind === 'boolean') return 'f';
  if (kind === 'array') return '{}';
  if (action !== 'redact') return undefined;
  return kind === 'text' ? redacted(label) : alwaysRedacted[kind];
}

const alwaysRedacted: { readonly [kind in ValueKind]?: string } = {
  integer: '0',
  uuid: '00000000-0000-0000-0000-000000000000',
  date: '1970-01-01',
  interval: '00:00:00',
  bytes: '\\x',
};

function maskUuid(text: string, action: MaskAction, pseudonyms: Pseudonyms): string {
  const hex = text.replaceAll(/[^0-9A-Fa-f]/g, '').toLowerCase();
  if (action === 'redact' || hex.length !== 32) return dashed('0'.repeat(32));
  if (action === 'partial') return dashed(hex.slice(0, 8).padEnd(32, '0'));
  const made = pseudonyms.digest('uuid', hex).toString('hex');
  // RFC 9562: version 8 is for what anybody makes by a method of their own.
  return dashed(`${made.slice(0, 12)}8${made.slice(13, 16)}8${made.slice(17, 32)}`);
}

function dashed(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A prefix length is not kept: the address alone is valid as `inet` and as `cidr`. */
function maskAddress(text: string, action: MaskAction, pseudonyms: Pseudonyms): string {
  const address = text.replace(/\/\d{1,3}$/, '');
  const none = isIPv6(address) ? '::' : '0.0.0.0';
  if (action === 'pseudonym') return pseudonyms.text(address, 'ip');
  return (action === 'partial' ? partialText(address, 'ip') : null) ?? none;
}

/** Names that say what a member is. Any other name is taken for data, as in a mapping from e-mail addresses. */
const fieldName = /^[A-Za-z_$@][A-Za-z_$-]{0,39}[0-9]{0,2}$/;

function maskJson(text: string, mask: Mask, pseudonyms: Pseudonyms): string {
  const { action, label } = mask;
  const masked = replaceLeaves(text, {
    string: (leaf) => maskText(leaf, mask, pseudonyms),
    number: (leaf) => maskNumber(leaf, action, pseudonyms),
    boolean: () => false,
    name: (name) => (fieldName.test(name) ? name : (maskText(name, mask, pseudonyms) ?? redacted(label))),
  });
  return masked ?? JSON.stringify(redacted(label));
}
