import type { ReactNode } from 'react';
import type { Connection } from '../api/types.ts';
import { Moment, sized } from '../parts/moment.tsx';
import { words } from '../text.ts';

/** What is known of a connection, secrets by when and by whom they were given alone. */
export function Facts({ connection }: { readonly connection: Connection }) {
  const { name, protocol, recording, retentionDays, target, origin, serving, fault, secrets } = connection;
  return (
    <>
      {fault !== null && (
        <p role="alert" className="mx-4 my-2 max-w-[72ch] border-l-2 border-refused pl-3">
          {words.connections.unusable} {fault}
        </p>
      )}
      <dl className="grid gap-x-6 gap-y-1 px-4 py-3 sm:grid-cols-[max-content_minmax(0,1fr)]">
        <Fact name={words.connection.protocol}>{protocol}</Fact>
        <Fact name={words.connections.origin}>
          {origin.kind === 'file' ? <code>{words.connections.fromFile(origin.file, origin.line)}</code> : <Made {...origin} />}
        </Fact>
        {serving !== null && <Fact name={words.connection.comeBy}>{words.connection.comesBy(serving, name)}</Fact>}
        <Fact name={words.connection.leadsTo}>
          <pre className="overflow-x-auto whitespace-pre-wrap break-words">{JSON.stringify(target, null, 2)}</pre>
        </Fact>
        <Fact name={words.connections.durability}>{words.connections.durabilities[recording.durability]}</Fact>
        <Fact name={words.connections.onFailure}>{words.connections.failures[recording.onFailure]}</Fact>
        <Fact name={words.connections.kept}>{words.connections.upTo(sized(recording.contentLimit))}</Fact>
        <Fact name={words.connections.retention}>{words.days(retentionDays)}</Fact>
        {origin.kind === 'console' && (
          <Fact name={words.connection.secrets}>
            {secrets.length === 0 && words.connection.noSecrets}
            {secrets.map(({ field, at, by }) => (
              <p key={field}>
                <code>{field}</code>, {words.connection.givenBy(by)}, <Moment at={at} />
              </p>
            ))}
          </Fact>
        )}
      </dl>
    </>
  );
}

function Made({ made, changed }: Extract<Connection['origin'], { readonly kind: 'console' }>) {
  return (
    <>
      {words.connections.fromConsole(made.by)}, <Moment at={made.at} />
      {changed.at !== made.at && (
        <p>
          {words.connection.changed} {words.connection.by(changed.by)}, <Moment at={changed.at} />
        </p>
      )}
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt className="text-quiet">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}
