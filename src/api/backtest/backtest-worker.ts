import { parentPort, workerData } from 'node:worker_threads';
import { openCatalog } from '../../archive/catalog.ts';
import { decodeRecording } from '../../archive/decoded.ts';
import type { SessionFilter } from '../../archive/items.ts';
import { readEntries } from '../../archive/read.ts';
import { unsound } from '../../stages/policy/draft.ts';
import { createPolicy } from '../../stages/policy/judge.ts';
import { loadPolicies } from '../../stages/policy/load.ts';
import type { PolicySet } from '../../stages/policy/policy.ts';
import type { PolicyCatalog } from '../../stages/policy/schema.ts';
import { compare } from './compare.ts';

/** What the thread is to judge by what. */
export interface BacktestOrder {
  readonly state: string;
  /** Where the draft lies. */
  readonly folder: string;
  readonly catalogs: readonly PolicyCatalog[];
  readonly connections: readonly string[];
  readonly filter: SessionFilter;
  readonly limits: { readonly exchanges: number; readonly milliseconds: number };
}

const { state, folder, catalogs, connections, filter, limits } = workerData as BacktestOrder;
const set = await loadPolicies(folder, { catalogs });
parentPort?.postMessage('version' in set ? await findings(set) : unsound(folder, set));

async function findings(given: PolicySet) {
  const until = performance.now() + limits.milliseconds;
  const catalog = openCatalog(state);
  const judge = createPolicy(given);
  const source = {
    sessions: (narrowed: SessionFilter, page: { limit: number; cursor: string | null }) => catalog.sessions(narrowed, 'all', page),
    // What was asked is on record as such; the bytes are not needed.
    recording: (session: string) => decodeRecording(readEntries(state, session), null),
  };
  const proposal = { version: given.version, connections: new Set(connections), judge: judge.judge.bind(judge) };
  const found = await compare(source, proposal, filter, (judged) => judged < limits.exchanges && performance.now() < until);
  catalog.close();
  return { kind: 'tested', version: given.version, ...found } as const;
}
