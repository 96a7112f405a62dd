import type { Circumstance } from '../../core/stages.ts';
import type { Policy } from './policy.ts';

/**
 * How somebody says that they break the glass, and why: as the run of a session of its own, which every protocol can name and
 * which stands in every list of sessions. Nobody passes by accident, and nobody without saying why.
 */
const breaking = /^break-glass:(?<reason>.*[A-Za-z0-9].*)$/s;

function reasonOf({ run }: Circumstance): string | null {
  return breaking.exec(run ?? '')?.groups?.['reason'] ?? null;
}

/** Whether this principal passes a prohibition by breaking the glass. It is a person's own decision, so an agent never does. */
export function passesGlass({ breakGlass }: Policy, circumstance: Circumstance): boolean {
  const { agent, groups } = circumstance.principal;
  return breakGlass !== null && agent === null && groups.includes(breakGlass) && reasonOf(circumstance) !== null;
}

/** What the record says of it. */
export function glassDetail(passed: readonly Policy[], circumstance: Circumstance): string {
  const { subject, email } = circumstance.principal;
  const rules = passed.map(({ id, breakGlass }) => `"${id}" (${breakGlass})`).join(' and ');
  return `BREAK-GLASS: ${email ?? subject} passed ${rules}; reason given: ${reasonOf(circumstance)}`;
}
