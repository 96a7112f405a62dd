import type { AuditEvent } from '../../core/entry.ts';
import { createId } from '../../core/identifier.ts';
import type { JsonObject } from '../../core/json.ts';
import { type Refusal, refuse } from '../../core/verdict.ts';
import {
  actorOf,
  type Approval,
  type ApprovalDecision,
  type ApprovalRequest,
  type ApprovalStatus,
  type ApprovalViewer,
  type Approver,
  isSamePerson,
  nameOf,
} from './approval.ts';
import { isWhole } from './card.ts';
import { missingFrom } from './quorum.ts';
import { mayNotDecide, noLongerOpen, tooMany } from './refusals.ts';
import { type ApprovalStore, ended, maySeeApproval } from './store.ts';
import { needsReadBack } from './tier.ts';

/** What the desk tells whoever waits for an approval: that it has come to this. */
export interface Told {
  readonly waiter: string;
  readonly id: string;
  readonly status: ApprovalStatus;
  /** A sentence for the client; null where there is nothing to say. */
  readonly words: string | null;
}

/** How an approval stands for somebody who asks for it. */
export type Standing = Omit<Told, 'waiter'> & { readonly expiresAt: string };

/** What happened to an approval, for those who are notified. */
export const approvalEvents = ['asked', 'decided', 'used', 'expired', 'withdrawn'] as const;
export type ApprovalEvent = (typeof approvalEvents)[number];

export interface DeskOptions {
  readonly store: ApprovalStore;
  readonly now: () => number;
  readonly waitMs: number;
  readonly expireMs: number;
  readonly people: number;
  /** Resolves once the event is on record; rejects where it cannot be. */
  readonly audit: (event: AuditEvent) => Promise<void>;
  /** Tells the waiting exchange. */
  readonly tell: (told: Told) => void;
  /** Tells everybody else. Must not throw or wait. */
  readonly notify: (event: ApprovalEvent, approval: Approval) => void;
  readonly log: (line: string) => void;
}

export interface Answer {
  readonly decision: 'approve' | 'deny';
  readonly reason: string | null;
  /** What was decided about, where the caller says so: an answer to something else does not count. */
  readonly digest: string | null;
}

/** How many questions of one person may be open at once: an agent in a loop must not bury the one that matters. */
const openLimit = 20;

/**
 * Keeps the approvals. Everything that changes one passes in single file, and each change is first on record, then on disk, then
 * told: nobody acts on what a crash could take back.
 */
export class ApprovalDesk {
  readonly #options: DeskOptions;
  /** By approval, the exchange that waits for it now. Of no use after a restart, so it is not kept. */
  readonly #waiting = new Map<string, string>();
  #line: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Ends what ran out, or lost its policies, while no gateway was running. */
  async start(policyVersion: string): Promise<void> {
    this.#options.store.tidy(this.#options.now());
    await this.policiesChanged(policyVersion);
    this.#watchClock();
  }

  /** The approval that was asked for this very act before, and that nobody else waits for; null where people must be asked anew. */
  recall({ digest, waiter }: { digest: string; waiter: string }): Promise<Standing | null> {
    return this.#inLine(async () => {
      const known = this.#options.store.byDigest(digest, this.#at());
      const found =
        known.find(({ id, status }) => status === 'approved' && !this.#waiting.has(id)) ??
        known.find(({ id, status }) => status === 'open' && !this.#waiting.has(id)) ??
        (known[0]?.status === 'denied' ? known[0] : undefined);
      if (found === undefined) return null;
      if (found.status !== 'denied') this.#waiting.set(found.id, waiter);
      return standingOf(found);
    });
  }

  /** Puts the question to people. */
  open({ request, waiter }: { request: ApprovalRequest; waiter: string }): Promise<Standing | Refusal> {
    return this.#inLine(async () => {
      const { store, waitMs, expireMs, people } = this.#options;
      if (store.openOf(request.requester.issuer, request.requester.subject) >= openLimit) return tooMany(openLimit);
      const now = this.#options.now();
      const id = createId();
      const approval: Approval = {
        ...request,
        id,
        status: 'open',
        people,
        createdAt: new Date(now).toISOString(),
        waitUntil: new Date(now + waitMs).toISOString(),
        expiresAt: new Date(now + expireMs).toISOString(),
        decisions: [],
        endedAt: null,
        ended: null,
      };
      await this.#change(approval, 'asked', actorOf(request.requester), {
        people,
        expiresAt: approval.expiresAt,
        stated: approval.stated,
      });
      this.#waiting.set(id, waiter);
      this.#watchClock();
      return standingOf(approval);
    });
  }

  /** Takes the answer for the act it was given for; `used` is said once, and to nobody else than who waits for it. */
  use({ id, waiter }: { id: string; waiter: string }): Promise<ApprovalStatus> {
    return this.#inLine(async () => {
      const approval = this.#options.store.one(id);
      if (approval === null || this.#waiting.get(id) !== waiter) return 'withdrawn';
      if (approval.status !== 'approved') return approval.status;
      this.#waiting.delete(id);
      await this.#change(ended(approval, 'used', this.#at(), 'It was used.'), 'used', actorOf(approval.requester));
      return 'used';
    });
  }

  /** Nobody waits any more. With a reason nobody wants the answer either. */
  leave({ id, waiter, why }: { id: string; waiter: string; why: string | null }): Promise<void> {
    return this.#inLine(async () => {
      if (this.#waiting.get(id) !== waiter) return;
      this.#waiting.delete(id);
      const approval = this.#options.store.one(id);
      if (why === null || approval === null) return;
      await this.#withdraw(approval, why, actorOf(approval.requester));
    });
  }

  /** Ends what was asked by policies that hold no more. */
  policiesChanged(version: string): Promise<void> {
    return this.#inLine(async () => {
      for (const approval of this.#options.store.unended())
        if (approval.policyVersion !== version) await this.#withdraw(approval, 'The policies have changed since.', 'gateway');
    });
  }

  /** Takes one person's answer, or says why it does not count. */
  decide(id: string, approver: Approver, answer: Answer): Promise<Approval | Refusal> {
    return this.#inLine(async () => {
      const approval = this.#options.store.one(id);
      const groups = approval?.groups.filter((group) => approver.groups.includes(group)) ?? [];
      const refusal = approval === null ? noLongerOpen(null) : whyNot(approval, approver, groups, answer);
      if (approval === null || refusal !== null) return refusal ?? noLongerOpen(null);
      const decided = this.#decided(approval, approver, groups, answer);
      const { decision, reason } = answer;
      await this.#change(decided, 'decided', actorOf(approver), {
        decision,
        reason,
        by: groups,
        via: approver.via,
        status: decided.status,
      });
      return decided;
    });
  }

  one(id: string, viewer: ApprovalViewer): Approval | null {
    const approval = this.#options.store.one(id);
    return approval !== null && maySeeApproval(viewer, approval) ? approval : null;
  }

  list(
    { status = null }: { readonly status?: ApprovalStatus | null },
    viewer: ApprovalViewer,
    { limit, cursor }: { readonly limit: number; readonly cursor: string | null },
  ): { readonly items: readonly Approval[]; readonly next: string | null } {
    const found = this.#options.store.list(status, viewer, cursor, limit);
    const items = found.slice(0, limit);
    return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  /** Whether the client waits for the answer, or must ask again once it is there. */
  isAwaited(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Ends what has run out by now. */
  expire(): Promise<void> {
    return this.#inLine(async () => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#line.catch(() => {});
    this.#options.store.close();
  }

  #decided(approval: Approval, approver: Approver, groups: readonly string[], { decision, reason }: Answer): Approval {
    const { issuer, subject, email, via } = approver;
    const made: ApprovalDecision = { at: this.#at(), issuer, subject, email, decision, reason, groups, via };
    const decisions = [...approval.decisions, made];
    if (decision === 'deny')
      return ended({ ...approval, decisions }, 'denied', made.at, `${nameOf(approver)} refused it${reason === null ? '.' : `: ${reason}`}`);
    const missing = missingFrom(approval.groups, approval.people, decisions);
    return { ...approval, decisions, status: missing.people === 0 ? 'approved' : 'open' };
  }

  async #withdraw(approval: Approval, why: string, actor: string): Promise<void> {
    if (approval.status !== 'open' && approval.status !== 'approved') return;
    await this.#change(ended(approval, 'withdrawn', this.#at(), why), 'withdrawn', actor, { why });
  }

  /** On record, then on disk, then told. */
  async #change(approval: Approval, event: ApprovalEvent, actor: string, more: JsonObject = {}): Promise<void> {
    await this.#options.audit({ event: `approval.${event}`, actor, detail: { ...trailOf(approval), ...more } });
    this.#options.store.save(approval);
    const waiter = this.#waiting.get(approval.id);
    if (waiter !== undefined && approval.status !== 'open') {
      const { id, status, ended: words } = approval;
      this.#options.tell({ waiter, id, status, words });
      if (status !== 'approved') this.#waiting.delete(id);
    }
    this.#options.notify(event, approval);
  }

  async #inLine<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#line.then(async () => {
      if (this.#closed) throw new Error('the gateway is shutting down');
      for (const approval of this.#options.store.due(this.#at()))
        await this.#change(ended(approval, 'expired', this.#at(), 'Its time ran out.'), 'expired', 'gateway');
      return work();
    });
    this.#line = turn.catch(() => {});
    return turn;
  }

  /** Ends what runs out while nobody asks, so that who waits and who watches hear of it. */
  #watchClock(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const first = this.#options.store.unended().reduce((least, { expiresAt }) => Math.min(least, Date.parse(expiresAt)), Infinity);
    if (first === Infinity || this.#closed) return;
    const again = () =>
      void this.expire()
        .catch((fault: unknown) => this.#options.log(`approvals that have run out could not be ended: ${String(fault)}`))
        .then(() => this.#watchClock());
    // At least a second, so that a record that cannot be written is not tried in a tight loop.
    this.#timer = setTimeout(again, Math.min(Math.max(first - this.#options.now(), 1_000), 2 ** 31 - 1)).unref();
  }

  #at(): string {
    return new Date(this.#options.now()).toISOString();
  }
}

function standingOf({ id, status, ended: words, expiresAt }: Approval): Standing {
  return { id, status, words, expiresAt };
}

/** Why this person's answer does not count; null where it does. */
function whyNot(approval: Approval, approver: Approver, groups: readonly string[], answer: Answer): Refusal | null {
  if (approval.status !== 'open') return noLongerOpen(approval);
  if (answer.digest !== null && answer.digest !== approval.digest)
    return refuse(
      'APPROVAL_CLOSED',
      'This answer is to another act than the one that is asked about.',
      'Look at the approval again, then decide.',
    );
  if (approver.agent !== null)
    return mayNotDecide('An agent may not decide for people.', 'Use a token of your own, not one that an agent acts by.');
  if (isSamePerson(approver, approval.requester))
    return mayNotDecide('This was asked for you, so it needs somebody else.', `Ask another member of ${named(approval.groups)}.`);
  if (groups.length === 0) return mayNotDecide(`Only members of ${named(approval.groups)} may decide this.`, 'Ask one of them.');
  if (approval.decisions.some((made) => isSamePerson(made, approver)))
    return mayNotDecide('You have approved this already, and it needs another person.', `Ask another member of ${named(approval.groups)}.`);
  return approver.via === 'slack' && answer.decision === 'approve' ? whyNotBySlack(approval) : null;
}

/** Slack's buttons know no more than a press, and a message may be from before its act was known for what it is. */
function whyNotBySlack(approval: Approval): Refusal | null {
  if (!isWhole({ ...approval, masked: approval.elsewhere !== undefined }))
    return mayNotDecide('Slack does not show all of this.', 'Read it in the console, where the message leads, and approve it there.');
  if (needsReadBack(approval))
    return mayNotDecide(
      'What this does cannot be taken back, so whoever approves it says first what it is, which Slack cannot ask.',
      'Approve it in the console, where the message leads; a no counts here too.',
    );
  return null;
}

function named(groups: readonly string[]): string {
  return groups.map((group) => `"${group}"`).join(' and ');
}

/** What the trail says of an approval. What was asked is in the session's own recording. */
function trailOf({ id, digest, session, connection, run, requester, action, groups, policies, policyVersion }: Approval): JsonObject {
  return {
    approval: id,
    digest,
    session,
    connection,
    run,
    of: actorOf(requester),
    agent: requester.agent,
    action,
    groups,
    policies,
    policyVersion,
  };
}
