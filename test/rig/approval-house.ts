import { join } from 'node:path';
import { plainAction } from '../../src/core/action.ts';
import { admit } from '../../src/core/admit.ts';
import type { AuditEvent, Entry } from '../../src/core/entry.ts';
import type { Act, Exchange } from '../../src/core/exchange.ts';
import { createId } from '../../src/core/identifier.ts';
import { mediate } from '../../src/core/mediate.ts';
import type { Principal } from '../../src/core/principal.ts';
import type { Session } from '../../src/core/session.ts';
import type { Stages } from '../../src/core/stages.ts';
import type { Question, Refusal } from '../../src/core/verdict.ts';
import type { Approval, Approver } from '../../src/stages/approvals/approval.ts';
import type { Told } from '../../src/stages/approvals/desk.ts';
import { type Approvals, createApprovals, type OpenDesk, openDesk } from '../../src/stages/approvals/index.ts';
import type { ApprovalSettings } from '../../src/stages/approvals/settings.ts';
import type { Journal } from '../../src/stages/recording/options.ts';
import { done, left, terms, TestState } from '../../src/stages/recording/testing.ts';
import { everybody } from './data-plane.ts';

const issuer = 'https://login.example.test';

export interface PersonWords {
  readonly subject: string;
  readonly issuer?: string;
  readonly email?: string | null;
  readonly agent?: string | null;
  readonly groups?: readonly string[];
  /** Tells one token of a person from another. */
  readonly token?: string;
}

export function principalOf(words: PersonWords): Principal {
  const { subject, agent = 'cursor', groups = ['engineering'], token = 'one' } = words;
  const who = { issuer: words.issuer ?? issuer, subject };
  const email = words.email === undefined ? `${subject}@example.test` : words.email;
  const evidence = { ...who, jti: null, sha256: `${subject} ${token}`, expiresAt: Date.UTC(2090, 0, 1) };
  return { ...who, email, groups, agent, actors: agent === null ? [] : [agent], token: evidence };
}

export function approverOf(words: PersonWords): Approver {
  const { issuer, subject, email, groups, agent } = principalOf({ agent: null, groups: ['dba'], ...words });
  return { issuer, subject, email, groups, agent, via: 'api' };
}

export const usualSettings: ApprovalSettings = { waitMs: 600_000, expireMs: 1_800_000, people: 1, webhooks: [], slack: [] };

/** What one asked exchange came to. */
export interface AskedExchange {
  readonly notices: string[];
  readonly performed: boolean;
  readonly refusal: Refusal | null;
}

export interface AskWords {
  readonly text?: string;
  /** A bind value, as it is part of the bytes. */
  readonly value?: string;
  readonly object?: string;
  readonly estimate?: Act['estimate'];
}

export interface AskingClient {
  readonly session: Session;
  /** Starts an exchange; `noticed` resolves with the first notice. */
  ask(words?: AskWords): { readonly noticed: Promise<string>; readonly settled: Promise<AskedExchange>; cancel(): void };
}

/** The flow with the real approvals stage and a real journal; policy asks about everything, by the version and groups set here. */
export class ApprovalHouse implements AsyncDisposable {
  readonly log: string[] = [];
  groups: readonly string[] = ['dba'];
  version = 'v1';
  /** Milliseconds that the house's clock is ahead. */
  ahead = 0;
  /** Set, and nothing can be put on record. */
  auditFault: Error | null = null;
  open: OpenDesk;
  readonly #state: TestState;
  readonly #journal: Journal;
  readonly #settings: ApprovalSettings;
  readonly #sessions: Session[] = [];
  #approvals: Approvals | null = null;

  private constructor(state: TestState, journal: Journal, settings: ApprovalSettings) {
    this.#state = state;
    this.#journal = journal;
    this.#settings = settings;
    this.open = null as never;
  }

  static async start(settings: Partial<ApprovalSettings> = {}): Promise<ApprovalHouse> {
    const state = new TestState();
    const house = new ApprovalHouse(state, await state.open(), { ...usualSettings, ...settings });
    await house.#openDesk();
    return house;
  }

  get desk(): OpenDesk['desk'] {
    return this.open.desk;
  }

  readonly now = (): number => Date.now() + this.ahead;

  readonly audit = async (event: AuditEvent): Promise<void> => {
    if (this.auditFault !== null) throw this.auditFault;
    await this.#journal.audit(event);
  };

  async #openDesk(): Promise<void> {
    let told: (told: Told) => void = () => {};
    this.open = await openDesk({
      path: join(this.#state.path, 'approvals.db'),
      settings: this.#settings,
      address: () => 'https://gate.example.test/approvals/',
      now: this.now,
      audit: this.audit,
      tell: (event) => told(event),
      log: (line) => this.log.push(line),
      soFar: () => null,
      policyVersion: this.version,
    });
    const approvals = createApprovals({
      desk: this.open.desk,
      waitMs: this.#settings.waitMs,
      expireMs: this.#settings.expireMs,
      estimateMs: 50,
      now: this.now,
      address: 'https://gate.example.test/approvals/',
      policyVersion: () => this.version,
      log: (line) => this.log.push(line),
    });
    told = (event) => approvals.told(event);
    this.#approvals = approvals;
  }

  /** As after a crash, or with the gateway's own farewell to every session. */
  async restart(farewell: boolean): Promise<void> {
    if (farewell)
      for (const session of this.#sessions) session.stop({ code: 'SHUTTING_DOWN', message: 'The gateway stops.', hint: 'Come back.' });
    await this.open.close();
    await this.#openDesk();
  }

  async connect(words: PersonWords & { readonly run?: string; readonly connection?: string } = { subject: 'dana' }): Promise<AskingClient> {
    const stages = this.#stages(principalOf(words));
    const connection = words.connection ?? 'orders';
    const arrival = {
      id: createId(),
      credential: { kind: 'none' },
      connection,
      run: words.run ?? null,
      protocol: 'toy',
      clientAddress: '127.0.0.1',
      startedAt: Date.now(),
    } as const;
    const known = { name: connection, protocol: 'toy', recording: terms, retentionDays: 1, outliveToken: false };
    const admitted = await admit(arrival, known, stages);
    if (admitted.kind === 'refusal') throw new Error(admitted.message);
    const { session } = admitted;
    this.#sessions.push(session);
    return { session, ask: (asked) => startExchange(session, stages, asked ?? {}) };
  }

  /** Waits until there are so many approvals, and returns the newest. */
  async asked(count = 1): Promise<Approval> {
    for (;;) {
      const { items } = this.desk.list({}, { issuer: '', subject: '', groups: [], all: true }, { limit: 1000, cursor: null });
      const [newest] = items;
      if (newest !== undefined && items.length >= count) return newest;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  approval(id: string): Approval {
    const found = this.desk.one(id, { issuer: '', subject: '', groups: [], all: true });
    if (found === null) throw new Error(`there is no approval ${id}`);
    return found;
  }

  /** Other policies come into force. */
  changePolicies(): void {
    this.version = 'v2';
    this.#approvals?.policiesChanged();
  }

  yes(id: string, words: PersonWords = { subject: 'omar' }) {
    return this.desk.decide(id, approverOf(words), { decision: 'approve', reason: null, digest: null });
  }

  no(id: string, words: PersonWords = { subject: 'omar' }) {
    return this.desk.decide(id, approverOf(words), { decision: 'deny', reason: 'Not today.', digest: null });
  }

  /** What the trail says of approvals, in order. */
  trail(): string[] {
    return this.#state
      .entries()
      .flatMap((entry) => (entry.kind === 'audit' && entry.audit.event.startsWith('approval.') ? [entry.audit.event] : []));
  }

  /** The decisions on a session's exchanges, as the journal has them. */
  async decisions(session: Session): Promise<string[]> {
    // What is audited now is committed behind everything before it.
    await this.#journal.audit({ event: 'test.read', actor: 'test', detail: {} });
    const of = (entry: Entry) => (entry.kind === 'decision' ? [`${entry.decision.verdict} ${entry.decision.approval ?? '-'}`] : []);
    return this.#state.of(session.facts.id).flatMap(of);
  }

  #stages(principal: Principal): Stages {
    const question = (): Question => ({
      kind: 'question',
      what: 'DELETE on public.users',
      rules: ['ask-dba'],
      groups: this.groups,
      reasons: ['A DBA must see this.'],
      grounds: { policies: ['ask-dba'], version: this.version },
    });
    return {
      identify: async () => principal,
      judge: (_circumstance, action) => (action.name === 'connect' ? everybody : question()),
      ask: (...asked) => this.#approvals?.ask(...asked) ?? Promise.reject(new Error('not open yet')),
      recorder: this.#journal,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) {
      session.stop({ code: 'SESSION_TERMINATED', message: 'The test is over.', hint: '' });
      await session.record.end(left);
    }
    await this.open.close();
    await this.#state[Symbol.asyncDispose]();
  }
}

function startExchange(session: Session, stages: Stages, words: AskWords) {
  const { text = 'delete from users', value = '7', object = 'public.users', estimate = null } = words;
  const demands = [{ action: 'toy:delete', effect: 'write', object: { type: 'Table', name: object } }] as const;
  const action = { ...plainAction('toy:delete', 'write', text), demands, objects: demands.map((demand) => demand.object) };
  const cancelling = new AbortController();
  const noticed = Promise.withResolvers<string>();
  const settled = Promise.withResolvers<AskedExchange>();
  const notices: string[] = [];
  const exchange: Exchange = {
    action,
    act: () => ({ action, bytes: Buffer.from(`${text}\0${value}`), parameters: [value], estimate }),
    cancelled: cancelling.signal,
    notice: (words) => {
      notices.push(words);
      noticed.resolve(words);
    },
    perform: (given, crossing) => {
      crossing.ask(Buffer.from(text), given);
      crossing.end(done);
      settled.resolve({ notices, performed: true, refusal: null });
    },
    refuse: (refusal, crossing) => {
      crossing.attempt(Buffer.from(text));
      crossing.end({ ...done, status: 'refused' });
      settled.resolve({ notices, performed: false, refusal });
    },
    forward: () => {},
    deliver: () => {},
  };
  Promise.resolve(mediate(session, exchange, stages)).catch(settled.reject);
  return { noticed: noticed.promise, settled: settled.promise, cancel: () => cancelling.abort() };
}
