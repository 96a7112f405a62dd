import type { Protocol } from '../core/protocol.ts';
import { type Configuration, type ConfigurationProblem, loadConfiguration } from '../gateway/configuration/index.ts';

export interface CheckOptions {
  /** One JSON object instead of text. */
  readonly json: boolean;
  /** Whether the Cedar schema follows the summary; it does where this is not said. */
  readonly schema?: boolean;
}

export interface CheckResult {
  /** 0, or 2 where the configuration has mistakes. */
  readonly exitCode: 0 | 2;
  /** What to print, with its last newline. */
  readonly output: string;
}

/** `chaperone check`: loads a configuration as `serve` would, and starts nothing. */
export async function runCheck(
  configPath: string,
  protocols: ReadonlyMap<string, Protocol<unknown>>,
  options: CheckOptions,
): Promise<CheckResult> {
  const result = await loadConfiguration(configPath, protocols);
  if (Array.isArray(result)) return { exitCode: 2, output: options.json ? asJson({ ok: false, problems: result }) : problemText(result) };
  const { policies, policySchema } = result;
  const output = options.json
    ? asJson({ ok: true, problems: [], schema: policySchema, policyVersion: policies.version })
    : summary(result) + (options.schema === false ? '' : `\nThe Cedar schema of the policies:\n\n${policySchema}`);
  return { exitCode: 0, output };
}

function asJson(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** Problems as compilers print them, so that editors find the place; `serve` says them the same way. */
export function problemText(problems: readonly ConfigurationProblem[]): string {
  return problems.map(({ file, line, message, remedy }) => `${file}:${line}: ${message}\n  → ${remedy}\n`).join('');
}

function summary({ path, connections, policies, listen }: Configuration): string {
  const listeners = [...(listen.console ? ['console'] : []), ...listen.sockets.keys()];
  const warning = policies.policies.size === 0 ? 'Without policies nothing is permitted.\n' : '';
  return `${path} is in order.
  connections  ${listed([...connections.keys()])}
  listeners    ${listed(listeners)}
  policies     ${policies.policies.size}, version ${policies.version}
${warning}`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : `${names.length} (${names.join(', ')})`;
}
