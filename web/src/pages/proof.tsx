import { useQuery } from '@tanstack/react-query';
import { proofQuery } from '../api/queries.ts';
import { PageHead } from '../parts/page-head.tsx';
import { Fault, Loading } from '../parts/states.tsx';
import { Evidence } from '../proof/evidence.tsx';
import { MissingParts } from '../proof/missing-parts.tsx';
import { RecordState } from '../proof/record-state.tsx';
import { Starts } from '../proof/starts.tsx';
import { words } from '../text.ts';

/** What can be said of the record, and what cannot: nothing is claimed here that the gateway does not have. */
export function Proof() {
  const { data, error, isPending, refetch } = useQuery(proofQuery);
  return (
    <div className="overflow-y-auto pb-8">
      <PageHead title={words.places.proof}>{words.proof.says}</PageHead>
      {isPending && <Loading what={words.places.proof} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data !== undefined && (
        <>
          <RecordState proof={data} />
          <MissingParts proof={data} />
          <Starts proof={data} />
          <Evidence />
        </>
      )}
    </div>
  );
}
