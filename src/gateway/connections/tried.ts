import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEvent } from '../../core/entry.ts';
import { messageOf } from '../../core/errors.ts';
import type { Principal } from '../../core/principal.ts';
import type { Gateway } from '../gateway.ts';
import type { ProbeReport, StepTaken } from '../probe/probe.ts';
import type { ConnectionRegister, Trial } from './register.ts';
import * as refused from './refused.ts';

/** Who wants which connection tried. Plain data. */
export interface TrialOrder extends Trial {
  readonly principal: Principal;
  readonly by: string;
}

export type Tried = { readonly kind: 'tried'; readonly report: ProbeReport } | refused.Refused;

export interface TryOptions {
  readonly register: ConnectionRegister;
  readonly gateway: Pick<Gateway, 'probe'>;
  readonly state: string;
  readonly audit: (event: AuditEvent) => Promise<void>;
}

/** Tries a connection, or a draft of one, once that is on the trail. */
export async function tryConnection(
  { principal, by, ...trial }: TrialOrder,
  { register, gateway, state, audit }: TryOptions,
  told: (steps: readonly StepTaken[]) => void,
): Promise<Tried> {
  const found = register.toTry(trial);
  if ('kind' in found) return found;
  const leadsTo = found.protocol.addresses(found.settings).map(({ host, port }) => `${host}:${port}`);
  try {
    await audit({ event: 'connection.tested', actor: by, detail: { name: trial.name, draft: trial.connection !== null, leadsTo } });
  } catch (fault) {
    return refused.notRecorded(messageOf(fault));
  }
  const report = await gateway.probe(found, principal, told);
  // A draft has a folder of its own, and leaves nothing behind.
  if (trial.connection !== null) await rm(join(state, 'targets', found.folder), { recursive: true, force: true });
  return { kind: 'tried', report };
}
