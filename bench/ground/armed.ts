/** How many policies and rules of masking a gateway is given beside what it needs. */
export interface Armed {
  readonly policies: number;
  readonly maskRules: number;
}

const permit = 'permit (principal in Group::"engineering", action, resource);';

/** For a load that reads and must not see all. */
export const policiesOfMasked = `@id("permit") ${permit.replace(';', ' unless { action == Action::"unmask" };')}`;

/** One that permits, and prohibitions that hold elsewhere or under conditions, by their ids. */
export function policiesOf(count: number): Readonly<Record<string, string>> {
  const others = Array.from({ length: count - 1 }, (_, index): [string, string] => {
    const place = index % 10 === 0 ? 'Connection::"write"' : `Connection::"other-${index % 20}"`;
    const what = index % 2 === 0 ? 'postgres:delete' : 'postgres:update';
    return [`rule-${index}`, `forbid (principal, action == Action::"${what}", resource in ${place}) unless { context.hasWhere };`];
  });
  return { permit, ...Object.fromEntries(others) };
}

/** Rules for columns of tables that the load does not read. */
export function maskingOf(count: number): object {
  return {
    columns: Array.from({ length: count }, (_, index) => ({
      column: `write:public.people_${index}.email`,
      action: index % 2 === 0 ? 'redact' : 'partial',
    })),
  };
}

/** As a file of the policies' folder. */
export function policyFile(count: number): string {
  return Object.entries(policiesOf(count))
    .map(([id, text]) => `@id("${id}")\n${text}\n`)
    .join('\n');
}
