import type { Logger } from 'pino';
import type { AuditEvent } from '../core/entry.ts';
import { ChaperoneError } from '../core/errors.ts';
import type { Configuration } from '../gateway/configuration/index.ts';
import { connectionItems, protocolItems } from '../gateway/connections/items.ts';
import { configured } from '../gateway/connections/serving.ts';
import { ConnectionRegister, type RegisterOptions } from '../gateway/connections/register.ts';
import { tryConnection } from '../gateway/connections/tried.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { StepTaken } from '../gateway/probe/probe.ts';
import type { Journal } from '../stages/recording/options.ts';
import type { MainHandlers } from './calls.ts';

export interface OpenConnections {
  readonly register: ConnectionRegister;
  /** What the API's thread may ask of them. */
  readonly answers: Pick<
    MainHandlers,
    'connections' | 'protocols' | 'makeConnection' | 'changeConnection' | 'removeConnection' | 'tryConnection'
  >;
}

/** The connections of a gateway, which is null while it starts. */
export async function openConnections(
  configuration: Configuration,
  protocols: RegisterOptions['protocols'],
  journal: Journal,
  gateway: () => Gateway | null,
  told: (trial: string, steps: readonly StepTaken[]) => void,
  log: Logger,
): Promise<OpenConnections> {
  const register = await ConnectionRegister.open({
    configuration,
    protocols,
    audit: (event) => journal.audit(event),
    now: Date.now,
    log: (line) => log.error({ part: 'connections' }, line),
    end: async (name, ending) => gateway()?.sessions.stopOf(name, ending),
  });
  const listening = () => gateway()?.listeners ?? configured(configuration.listen);
  const answers = {
    connections: async () => connectionItems(register, configuration, listening()),
    protocols: async () => protocolItems(protocols, configuration, listening()),
    makeConnection: (wish) => register.make(wish),
    changeConnection: (change) => register.change(change),
    removeConnection: (change) => register.remove(change),
    tryConnection: async ({ trial, ...order }) => {
      const running = gateway();
      if (running === null) throw new ChaperoneError('INTERNAL', 'the gateway is starting');
      const audit = (event: AuditEvent) => journal.audit(event);
      return tryConnection(order, { register, gateway: running, state: configuration.state, audit }, (steps) => told(trial, steps));
    },
  } satisfies OpenConnections['answers'];
  return { register, answers };
}
