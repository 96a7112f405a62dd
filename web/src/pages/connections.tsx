import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { connectionsQuery } from '../api/queries.ts';
import type { Connection } from '../api/types.ts';
import { sized } from '../parts/moment.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { useViewer } from '../shell/viewer.ts';
import { words } from '../text.ts';

/** What there is, without anything secret in it, and where it comes from: of the file's connections the file is the truth. */
export function Connections() {
  const { data, error, isPending, refetch } = useQuery(connectionsQuery);
  const isAdmin = useViewer().roles.includes('admin');
  const heads = [
    words.columns.connection,
    words.columns.protocol,
    words.connections.origin,
    words.connections.durability,
    words.connections.onFailure,
    words.connections.kept,
    words.connections.retention,
  ];
  const make = (
    <Link className="button" to="/new-connection">
      {words.connections.make}
    </Link>
  );
  return (
    <>
      <PageHead title={words.places.connections} actions={isAdmin && make}>
        {words.connections.says}
      </PageHead>
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
              {data.items.map((connection) => (
                <Row key={connection.name} connection={connection} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Row({ connection }: { readonly connection: Connection }) {
  const { name, protocol, recording, retentionDays, origin, fault } = connection;
  return (
    <tr className="h-8 border-t border-hairline/60">
      <td className="px-4">
        <Link to="/connections/$name" params={{ name }}>
          {name}
        </Link>
        {fault !== null && (
          <span className="block text-refused">
            {words.connections.unusable} {fault}
          </span>
        )}
      </td>
      <td className="px-4">{protocol}</td>
      <td className="px-4">
        {origin.kind === 'file'
          ? words.connections.fromFile(fileName(origin.file), origin.line)
          : words.connections.fromConsole(origin.made.by)}
      </td>
      <td className="px-4">{words.connections.durabilities[recording.durability]}</td>
      <td className="px-4">{words.connections.failures[recording.onFailure]}</td>
      <td className="px-4">{words.connections.upTo(sized(recording.contentLimit))}</td>
      <td className="px-4">{words.days(retentionDays)}</td>
    </tr>
  );
}

/** The detail has all of the path. */
function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
