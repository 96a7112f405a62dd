import { useMemo, useState } from 'react';
import { sized } from '../parts/moment.tsx';
import { words } from '../text.ts';

const atOnce = 1024;

/** Bytes that no decoder understands, as hexadecimal and as the characters that they would be. */
export function BytesView({ count, base64 }: { readonly count: number; readonly base64: string | null }) {
  const [lines, setLines] = useState(16);
  const bytes = useMemo(() => (base64 === null ? null : Uint8Array.fromBase64(base64)), [base64]);
  if (bytes === null) return <p className="text-quiet">{words.bytes.notKept(sized(count))}</p>;
  const shown = Array.from({ length: Math.min(lines, Math.ceil(bytes.length / 16)) }, (_, line) =>
    bytes.subarray(line * 16, line * 16 + 16),
  );
  return (
    <figure className="border border-hairline bg-raised">
      <pre className="max-h-[40vh] overflow-auto p-2 text-code" tabIndex={0}>
        {shown.map((line, place) => `${hex(place * 16, 8)}  ${hexOf(line).padEnd(48)}  ${charactersOf(line)}\n`).join('')}
      </pre>
      <figcaption className="flex items-center gap-3 border-t border-hairline px-2 py-1 text-quiet">
        {words.bytes.counted(sized(count))}
        {shown.length * 16 < bytes.length && (
          <button type="button" className="button" onClick={() => setLines(lines + atOnce)}>
            {words.bytes.more}
          </button>
        )}
      </figcaption>
    </figure>
  );
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, '0');
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte, place) => `${hex(byte, 2)}${place === 7 ? ' ' : ''}`).join(' ');
}

function charactersOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join('');
}
