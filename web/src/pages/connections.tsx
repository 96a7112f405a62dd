import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { connectionsQuery } from '../api/queries.ts';
import { sized } from '../parts/moment.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { words } from '../text.ts';

/** What is configured, without anything secret in it. The file is the truth, and the page says so. */
export function Connections() {
  const { data, error, isPending, refetch } = useQuery(connectionsQuery);
  const heads = [
    words.columns.connection,
    words.columns.protocol,
    words.connections.durability,
    words.connections.onFailure,
    words.connections.kept,
    words.connections.retention,
  ];
  return (
    <>
      <PageHead title={words.places.connections}>{words.connections.byFile}</PageHead>
      {isPending && <Loading what={words.places.connections} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data?.items.length === 0 && <Empty title={words.connections.none}>{words.connections.noneHint}</Empty>}
      {data !== undefined && data.items.length > 0 && (
        <div className="min-h-0 overflow-auto border-t border-hairline" tabIndex={0} role="region" aria-label={words.places.connections}>
          <table className="w-full min-w-160 text-left">
            <thead className="text-meta text-quiet">
              <tr>
                {heads.map((head) => (
                  <th key={head} className="h-7 px-4 font-normal">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.items.map(({ name, protocol, recording, retentionDays }) => (
                <tr key={name} className="h-8 border-t border-hairline/60">
                  <td className="px-4">
                    <Link to="/sessions" search={{ connection: name }}>
                      {name}
                    </Link>
                  </td>
                  <td className="px-4">{protocol}</td>
                  <td className="px-4">{words.connections.durabilities[recording.durability]}</td>
                  <td className="px-4">{words.connections.failures[recording.onFailure]}</td>
                  <td className="px-4">{words.connections.upTo(sized(recording.contentLimit))}</td>
                  <td className="px-4">{words.days(retentionDays)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
