import type { ExchangeFilter } from '../archive/items.ts';
import { fields, synonyms } from '../archive/query/fields.ts';
import type { QueryProblem } from '../archive/query/syntax.ts';
import type { Search, SearchReader } from '../archive/search-items.ts';
import type { Viewer } from './access.ts';
import * as contract from './contract.ts';
import { viewing } from './gate.ts';
import type { GatewayPort } from './gateway-port.ts';
import { problem, sendProblem } from './problem.ts';
import { type Api, split } from './routes.ts';
import { recordLook } from './trail.ts';

export interface SearchSources {
  readonly searching: SearchReader;
  readonly gateway: GatewayPort;
}

export function addSearchRoutes(api: Api, { searching, gateway }: SearchSources): void {
  api.get(
    '/api/v1/exchanges',
    {
      schema: {
        summary: 'Search over what was asked and what came back, newest first',
        querystring: contract.exchangeQuery,
        response: { 200: contract.foundPage },
      },
    },
    async (request, reply) => {
      const [filter, page] = split(request.query);
      const viewer = viewing(request);
      if (viewer.visibility === 'all') await recordLook(gateway, viewer, 'exchanges.searched', { ...filter });
      const found = searching.search(searchOf(filter, viewer), page);
      return 'problem' in found ? sendProblem(reply, unreadable(found.problem)) : found;
    },
  );
  api.get(
    '/api/v1/exchanges/facets',
    {
      schema: {
        summary: 'What a search finds, counted by field and over time',
        querystring: contract.facetQuery,
        response: { 200: contract.facets },
      },
    },
    async (request, reply) => {
      const [filter] = split({ ...request.query, limit: 1 });
      const viewer = viewing(request);
      if (viewer.visibility === 'all') await recordLook(gateway, viewer, 'exchanges.counted', { ...filter });
      const indexedTo = await indexedUpTo(gateway, searching);
      const found = searching.facets(searchOf(filter, viewer));
      return 'problem' in found ? sendProblem(reply, unreadable(found.problem)) : { ...found, indexedTo };
    },
  );
  api.get(
    '/api/v1/exchanges/fields',
    { schema: { summary: 'The fields that a query can ask for', querystring: contract.noQuery, response: { 200: contract.queryFields } } },
    async () => ({ items: described }),
  );
}

/** Now, while the archive has nothing left to do; otherwise the newest that it has got to. */
async function indexedUpTo(gateway: GatewayPort, searching: SearchReader): Promise<string | null> {
  const asked = new Date().toISOString();
  const lag = (await gateway.status()).measures.find(({ name }) => name === 'chaperone_archive_lag_bytes');
  if (lag === undefined) return null;
  return lag.value === 0 ? asked : searching.newest();
}

const described = Object.entries(fields).map(([name, { kind, says, values = {} }]) => ({
  name,
  synonyms: Object.keys(synonyms).filter((word) => synonyms[word] === name),
  kind,
  says,
  values: Object.keys(values),
}));

function searchOf({ q = '', ...filter }: ExchangeFilter, { visibility }: Viewer): Search {
  return { q, filter, visibility };
}

function unreadable({ message, from, until, instead }: QueryProblem) {
  const errors = [{ parameter: 'q', message, from, until, instead }];
  return problem('REQUEST_INVALID', `q: ${message}`, 'The fields are listed at /api/v1/exchanges/fields.', errors);
}
