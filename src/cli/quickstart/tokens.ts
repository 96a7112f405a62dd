import type { QuickstartFolder } from './folder.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { agent } from './people.ts';

/** The ready-made tokens, by whose they are. */
export interface Tokens {
  readonly engineer: string;
  readonly dba: string;
  readonly auditor: string;
  readonly stranger: string;
  readonly agent: string;
}

const refreshMs = 20 * 60_000;

async function mintTokens(identity: IdentityProvider): Promise<Tokens> {
  const engineer = await identity.person(agent.actsFor);
  const [dba, auditor, stranger, acting] = await Promise.all([
    identity.person('omar'),
    identity.person('ada'),
    identity.person('sam'),
    identity.agentFor(engineer),
  ]);
  return { engineer, dba, auditor, stranger, agent: acting };
}

/** Puts a token of an hour for each role into `tokens/`, and new ones every twenty minutes until `signal` aborts. */
export async function keepTokens(
  folder: QuickstartFolder,
  identity: IdentityProvider,
  signal: AbortSignal,
  onFault: (fault: unknown) => void,
): Promise<Tokens> {
  const write = async () => {
    const tokens = await mintTokens(identity);
    for (const [role, token] of Object.entries(tokens)) await folder.write(`tokens/${role}.jwt`, token);
    return tokens;
  };
  const first = await write();
  const timer = setInterval(() => void write().catch(onFault), refreshMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  return first;
}
