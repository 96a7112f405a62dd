import { hostname } from 'node:os';
import { refuse } from '../core/verdict.ts';
import type { Approvals } from '../stages/approvals/index.ts';
import type { ApprovalSettings } from '../stages/approvals/settings.ts';
import type { ApprovalOptions } from '../stages/approvals/stage.ts';
import type { Place } from '../wire/dial.ts';
import { type ApprovalConfiguration, revealed } from './configuration/approvals.ts';
import type { Configuration } from './configuration/index.ts';

/** What the thread that keeps the approvals is told when it starts to listen. Plain data. */
export interface DeskData {
  readonly settings: ApprovalSettings;
  readonly url: string | null;
  readonly policyVersion: string;
}

export function deskData({ approvals, policies }: Configuration): DeskData {
  return { settings: revealed(approvals), url: approvals.url, policyVersion: policies.version };
}

/** Where people find approvals; an id is put behind it. */
export function approvalAddress(configured: string | null, console: Place, secure: boolean): string {
  const { host, port } = console;
  // An address that stands for all of them leads nowhere.
  const name = host === '0.0.0.0' || host === '::' ? hostname() : host.includes(':') ? `[${host}]` : host;
  return `${configured ?? `${secure ? 'https:' : 'http:'}//${name}:${port}`}/approvals/`;
}

/** The data plane's end of approvals. Without a console there is nobody who could answer, and every question is refused. */
export async function connectApprovals(
  { waitMs, expireMs, url }: Pick<ApprovalConfiguration, 'waitMs' | 'expireMs' | 'url'>,
  console: Place | null,
  secure: boolean,
  more: Pick<ApprovalOptions, 'desk' | 'policyVersion' | 'log'>,
): Promise<Approvals> {
  if (console === null) return nobodyToAsk;
  const { createApprovals } = await import('../stages/approvals/index.ts');
  const approvals = createApprovals({ ...more, now: Date.now, waitMs, expireMs, address: approvalAddress(url, console, secure) });
  // They may have changed since the configuration was read.
  approvals.policiesChanged();
  return approvals;
}

const nobodyToAsk: Approvals = {
  ask: async ({ what, groups, grounds }) =>
    refuse(
      'ACCESS_REFUSED',
      `${what} needs approval by a member of ${groups.map((group) => `"${group}"`).join(' and one of ')}, and nobody can be asked here.`,
      'Ask whoever runs Chaperone for listen.console, by which people answer.',
      { grounds },
    ),
  told: () => {},
  policiesChanged: () => {},
};
