import { once } from 'node:events';
import type { Client, QueryConfig, QueryResult } from 'pg';
import type { ApprovalItem } from '../../src/api/contract.ts';
import { eventually } from './demonstration.ts';
import type { House, Person } from './house.ts';

/** What a client is told of its error: what was refused, by which rule, and what to do. */
export interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Null where it was not refused. */
  readonly tag: string | null;
}

/** A statement that waits for people. */
export interface Held {
  /** The approval's. */
  readonly id: string;
  readonly notice: { readonly severity: string; readonly code: string; readonly message: string };
  /** What becomes of it. */
  readonly answer: Promise<Told>;
}

/** Sends a statement and waits until its client is told that it waits. */
export async function hold(client: Client, query: string | QueryConfig): Promise<Held> {
  const noticed = once(client, 'notice') as Promise<[Held['notice']]>;
  const answer = told(client.query(query));
  const first = await Promise.race([noticed, answer]);
  if (!Array.isArray(first)) throw new Error(`it was not held: ${JSON.stringify(first)}`);
  const [notice] = first;
  return { id: idIn(notice.message), notice, answer };
}

/** How a query ends, as an agent would read it. */
export async function told(query: Promise<QueryResult>): Promise<Told> {
  try {
    const { command } = await query;
    return { code: '00000', message: '', hint: '', tag: command };
  } catch (fault) {
    const { code, message, hint } = fault as { code?: string; message: string; hint?: string };
    return { code: code ?? '', message, hint: hint ?? '', tag: null };
  }
}

/** The approval that a text names. */
export function idIn(text: string): string {
  const found = /[Aa]pproval ([0-9a-f]{8}-[0-9a-f-]{27})/.exec(text)?.[1];
  if (found === undefined) throw new Error(`no approval is named in: ${text}`);
  return found;
}

/** The approver's desk of a house, by its API. */
export class Desk {
  readonly #house: House;

  constructor(house: House) {
    this.#house = house;
  }

  async one(id: string, person: Person = 'auditor'): Promise<ApprovalItem> {
    return JSON.parse(await this.#house.read(person, `/api/v1/approvals/${id}`)) as ApprovalItem;
  }

  async all(query = '', person: Person = 'auditor'): Promise<readonly ApprovalItem[]> {
    const { items } = JSON.parse(await this.#house.read(person, `/api/v1/approvals?limit=1000&${query}`)) as { items: ApprovalItem[] };
    return items;
  }

  /** Waits until a run has so many open questions; the newest. */
  async asked(run: string, count = 1): Promise<ApprovalItem> {
    let found: readonly ApprovalItem[] = [];
    await eventually(async () => {
      found = (await this.all('status=open')).filter((item) => item.run === run);
      return found.length >= count;
    });
    const [newest] = found;
    if (newest === undefined) throw new Error(`run ${run} asked nothing`);
    return newest;
  }

  /** Waits until an approval has come to this; what it came to. */
  async until(id: string, status: ApprovalItem['status']): Promise<ApprovalItem['status']> {
    let found: ApprovalItem['status'] = 'open';
    await eventually(async () => {
      found = (await this.one(id)).status;
      return found === status;
    });
    return found;
  }

  /** The status of the API's answer, and its words where it says no. */
  async decide(person: Person | null, id: string, answer: object = { decision: 'approve' }): Promise<readonly [number, string]> {
    const authorization = person === null ? {} : { authorization: `Bearer ${this.#house.tokens[person]}` };
    const response = await fetch(`${this.#house.gateway.console}/api/v1/approvals/${id}`, {
      method: 'POST',
      headers: { ...authorization, 'content-type': 'application/json' },
      body: JSON.stringify(answer),
    });
    const body = (await response.json()) as { detail?: string };
    return [response.status, body.detail ?? ''];
  }

  async approve(id: string, person: Person = 'dba'): Promise<void> {
    const [status, words] = await this.decide(person, id);
    if (status !== 200) throw new Error(`${person} could not approve: ${status} ${words}`);
  }
}

const changes = '[Action::"write", Action::"schema", Action::"admin", Action::"unknown"]';
/** Changes wait for a DBA: on `payments` for security too, and on `frozen` nobody is asked. */
export const policies = `
@id("workers")
permit (principal, action, resource)
when { principal in Group::"engineering" || principal in Group::"dba" }
unless { resource in Connection::"vault" };
@id("changes-need-dba") @approval("dba") @reason("Changes need the approval of a DBA.")
forbid (principal, action in ${changes}, resource)
unless { resource in Connection::"frozen" };
@id("payments-need-security") @approval("security") @reason("Payments need the approval of security too.")
forbid (principal, action in ${changes}, resource in Connection::"payments");
@id("frozen") @breakGlass("oncall") @reason("Nothing is changed by hand.")
forbid (principal, action in ${changes}, resource in Connection::"frozen");
`;
/** The beginning of what a refusal says: what was refused, by which rule and why. */
export const because = (what: string) =>
  `${what} needs approval by a member of "dba", as "changes-need-dba" says (Changes need the approval of a DBA.), and`;
