import { type PointerEvent, useMemo, useRef } from 'react';
import { barsOf } from '../parts/bars.ts';
import { colourOf, markOf } from '../parts/verdict.tsx';
import type { Player } from '../recording/use-player.ts';
import type { Recorded, Recording } from '../recording/recording.ts';

const buckets = 160;

/** The whole session in one strip: how much happened as grey, and what was not plainly permitted in its own shape and colour. */
export function Timeline({ player }: { readonly player: Player }) {
  const strip = useRef<SVGSVGElement>(null);
  const { recording, moment, seek } = player;
  const total = Math.max(1, recording.duration);
  const known = recording.lines.length;
  const { density, exceptions } = useMemo(() => ({ known, ...gather(recording) }), [recording, known]);
  const press = (event: PointerEvent) => {
    const box = strip.current?.getBoundingClientRect();
    if (box !== undefined) seek(((event.clientX - box.left) / box.width) * total);
  };
  const head = ((moment ?? total) / total) * buckets;
  return (
    <svg
      ref={strip}
      viewBox={`0 0 ${buckets} 24`}
      preserveAspectRatio="none"
      className="h-8 w-full border-y border-hairline bg-raised"
      aria-hidden="true"
      onPointerDown={press}
    >
      <path d={density} className="fill-permitted/50" />
      {exceptions.map(({ ordinal, at, colour }) => (
        <rect key={ordinal} x={(at / total) * (buckets - 1)} y={1} width={1} height={22} className={colour} fill="currentColor" />
      ))}
      <rect x={Math.min(buckets - 0.4, head)} y={0} width={0.4} height={24} className="fill-ink" />
    </svg>
  );
}

interface Strip {
  readonly density: string;
  readonly exceptions: readonly { readonly ordinal: number; readonly at: number; readonly colour: string }[];
}

/** Beyond some hundred lines a strip of this width tells no more. */
const mostExceptions = 400;

function gather(recording: Recording): Strip {
  const density = Array.from({ length: buckets }, () => 0);
  const total = Math.max(1, recording.duration);
  const exceptions: { ordinal: number; at: number; colour: string }[] = [];
  for (const exchange of recording.exchanges) {
    const at = recording.moments[exchange.from] ?? 0;
    const bucket = Math.min(buckets - 1, Math.floor((at / total) * buckets));
    density[bucket] = (density[bucket] ?? 0) + 1;
    if (isException(exchange) && exceptions.length < mostExceptions)
      exceptions.push({
        ordinal: exchange.ordinal,
        at,
        colour: colourOf(exchange.missing === 'gap' ? 'gap' : markOf(exchange.decision?.verdict ?? null)),
      });
  }
  return { density: barsOf(density, { foot: 24, least: 4, most: 12 }), exceptions };
}

/** What is looked at first: whatever was not plainly permitted, and what is not all there. */
export function isException({ ordinal, decision, missing, outcome }: Recorded): boolean {
  if (missing === 'gap') return true;
  return ordinal !== 0 && (outcome !== null || decision !== null) && decision?.verdict !== 'permitted';
}
