import type { Me } from '../api/types.ts';
import { words } from '../text.ts';
import { seesAll } from './viewer.ts';

type Group = 'record' | 'decide' | 'configured' | 'evidence';

export interface Place {
  readonly to:
    | '/overview'
    | '/runs'
    | '/sessions'
    | '/exchanges'
    | '/approvals'
    | '/connections'
    | '/masking'
    | '/policies'
    | '/retention'
    | '/proof'
    | '/audit'
    | '/health';
  readonly key: string;
  readonly name: string;
  readonly group: Group;
  /** Whether only those who see everybody's records may go there; the API holds the same. */
  readonly auditorsOnly?: boolean;
}

const places: readonly Place[] = [
  { to: '/overview', key: 'o', name: words.places.overview, group: 'record', auditorsOnly: true },
  { to: '/runs', key: 'r', name: words.places.runs, group: 'record' },
  { to: '/sessions', key: 's', name: words.places.sessions, group: 'record' },
  { to: '/exchanges', key: 'e', name: words.places.exchanges, group: 'record' },
  { to: '/approvals', key: 'a', name: words.places.approvals, group: 'decide' },
  { to: '/connections', key: 'c', name: words.places.connections, group: 'configured', auditorsOnly: true },
  { to: '/masking', key: 'm', name: words.places.masking, group: 'configured', auditorsOnly: true },
  { to: '/policies', key: 'p', name: words.places.policies, group: 'configured', auditorsOnly: true },
  { to: '/retention', key: 'n', name: words.places.retention, group: 'evidence', auditorsOnly: true },
  { to: '/proof', key: 'v', name: words.places.proof, group: 'evidence', auditorsOnly: true },
  { to: '/audit', key: 't', name: words.places.audit, group: 'evidence', auditorsOnly: true },
  { to: '/health', key: 'h', name: words.places.health, group: 'evidence' },
];

/** Where this viewer can go. A place that would only refuse is not shown. */
export function placesFor(me: Me): readonly Place[] {
  return places.filter(({ auditorsOnly }) => auditorsOnly !== true || seesAll(me));
}
