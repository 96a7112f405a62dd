import { Link } from '@tanstack/react-router';
import type { Proof } from '../api/types.ts';
import { Moment, sized } from '../parts/moment.tsx';
import { PlainTable } from '../parts/plain-table.tsx';
import { MarkLabel } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';
import { Section } from './section.tsx';

/** Whether the recorder writes and the archive follows, and how far the record of each connection is whole. */
export function RecordState({ proof }: { readonly proof: Proof }) {
  const { connections, recorder, complete } = proof;
  return (
    <>
      <Section title={words.proof.now}>
        <Now recorder={recorder} />
      </Section>
      <Section title={words.proof.connections}>
        {!complete && <p className="text-held">{words.retention.incomplete}</p>}
        {connections.length === 0 ? (
          <p>{words.proof.none}</p>
        ) : (
          <PlainTable
            label={words.proof.connections}
            heads={words.proof.heads}
            ends={['sessions', 'open', 'cut', 'gaps']}
            rows={connections.map((item) => ({ key: item.connection ?? '', cells: cellsOf(item) }))}
          />
        )}
      </Section>
    </>
  );
}

function Now({ recorder }: Pick<Proof, 'recorder'>) {
  const { ready, lagBytes, segments, standsStill, gapsSinceStart } = recorder;
  const lag = lagBytes === null ? words.proof.lagUnknown : lagBytes === 0 ? words.proof.archived : words.proof.lag(sized(lagBytes));
  return (
    <ul className="mt-1">
      <li>
        {ready === null ? (
          <MarkLabel mark="permitted" word={words.proof.ready} />
        ) : (
          <MarkLabel mark="refused" word={`${words.proof.notReady} ${ready}`} />
        )}
      </li>
      <li>{lag}</li>
      {standsStill === true && (
        <li>
          <MarkLabel mark="held" word={words.proof.standsStill} />
        </li>
      )}
      {segments !== null && <li className="text-quiet">{words.proof.segments(segments)}</li>}
      {gapsSinceStart !== null && (
        <li>
          {gapsSinceStart === 0 ? (
            words.proof.gapsSinceStart(0)
          ) : (
            <MarkLabel mark="gap" word={words.proof.gapsSinceStart(gapsSinceStart)} />
          )}
        </li>
      )}
    </ul>
  );
}

function cellsOf({ connection, sessions, active, interrupted, gaps, lastWhole }: Proof['connections'][number]) {
  const counted = (value: number, status: 'active' | 'interrupted') =>
    value === 0 || connection === null ? (
      value.toLocaleString()
    ) : (
      <Link to="/sessions" search={{ connection, status }}>
        {value.toLocaleString()}
      </Link>
    );
  return {
    connection: connection === null ? words.retention.madeUp : <Visible text={connection} limit={80} line />,
    sessions: sessions.toLocaleString(),
    open: counted(active, 'active'),
    cut: counted(interrupted, 'interrupted'),
    gaps: gaps === 0 ? 0 : <MarkLabel mark="gap" word={gaps.toLocaleString()} />,
    last: lastWhole !== null && (
      <Link to="/sessions/$id" params={{ id: lastWhole.session }}>
        <Moment at={lastWhole.at} />
      </Link>
    ),
  };
}
