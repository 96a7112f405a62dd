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
    ? asJson({ ok: true, problems: [], warnings: warningsOf(result), schema: policySchema, policyVersion: policies.version })
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

/** What is in order and yet hardly meant: nobody but the configuration and its state folder knows which connections there are. */
function warningsOf({ connections, keptConnections, policies }: Configuration): string[] {
  const lost = [...policies.policies.values()].flatMap(({ scope, file, line }) => {
    if (scope.resource === null) return [];
    const { type, id } = scope.resource;
    const [name, ...rest] = type === 'Connection' ? [id, ''] : id.split(':');
    if (name !== undefined && (connections.has(name) || keptConnections.has(name)) && rest.length > 0) return [];
    const why = rest.length > 0 ? `no connection is named "${name}"` : `an id is ${type}::"<connection>:${id}"`;
    return [`${file}:${line}: never applies, because ${why}`];
  });
  return policies.policies.size === 0 ? ['Without policies nothing is permitted.'] : lost;
}

function summary(configuration: Configuration): string {
  const { path, connections, keptConnections, policies, listen } = configuration;
  const all = [...policies.policies.values()];
  const asking = [...new Set(all.flatMap(({ approval }) => approval ?? []))];
  const listeners = [...(listen.console ? ['console'] : []), ...(listen.web ? ['web'] : []), ...listen.sockets.keys()];
  return [
    `${path} is in order.`,
    `  connections  ${listed([...connections.keys()])}`,
    ...(keptConnections.size === 0 ? [] : [`  in console   ${listed([...keptConnections].sort())}`]),
    `  listeners    ${listed(listeners)}`,
    `  policies     ${all.length}, version ${policies.version}`,
    ...(asking.length === 0 ? [] : [`  approvals    ${listed(asking)}`]),
    ...warningsOf(configuration),
    '',
  ].join('\n');
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : `${names.length} (${names.join(', ')})`;
}
