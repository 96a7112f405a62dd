import { PageHead } from '../parts/page-head.tsx';
import { words } from '../text.ts';

export function Overview() {
  return <PageHead title={words.places.overview} />;
}
