import { useQuery } from '@tanstack/react-query';
import { maskingQuery } from '../api/queries.ts';
import { Rules } from '../masking/rules.tsx';
import { TryOut } from '../masking/try-out.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Fault, Loading } from '../parts/states.tsx';
import { words } from '../text.ts';

const days = 7;

/** What is masked by which rule, what was lately, and what would become of a sample. The file is the truth, and the page says so. */
export function Masking() {
  const { data, error, isPending, refetch } = useQuery(maskingQuery(days));
  return (
    <div className="overflow-y-auto">
      <PageHead title={words.places.masking}>{words.masking.byFile}</PageHead>
      {isPending && <Loading what={words.places.masking} />}
      {error !== null && <Fault fault={error} retry={() => void refetch()} />}
      {data !== undefined && <Rules masking={data} days={days} />}
      {data !== undefined && <TryOut detectorNames={data.detectorNames} />}
    </div>
  );
}
