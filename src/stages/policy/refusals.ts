import type { Demand } from '../../core/action.ts';
import type { Circumstance } from '../../core/stages.ts';
import { type Grounds, type Refusal, refuse } from '../../core/verdict.ts';
import type { Policy } from './policy.ts';

/** Some policy forbids it, and nobody can lift that here. */
export function forbidden(demand: Demand, circumstance: Circumstance, forbids: readonly Policy[], grounds: Grounds): Refusal {
  const message = `${wordsFor(demand, circumstance)} is refused by ${namesOf(forbids)}${reasonsOf(forbids)}`;
  return refuse('ACCESS_REFUSED', message, correctable(demand, hintFor(forbids, circumstance)), { grounds });
}

/** No policy forbids it, and none permits it. */
export function notPermitted(demand: Demand, circumstance: Circumstance, grounds: Grounds): Refusal {
  const words = wordsFor(demand, circumstance);
  return refuse(
    'ACCESS_REFUSED',
    `${words} is refused, because no policy permits it.`,
    correctable(
      demand,
      `ask for a policy that permits Action::"${demand.action}" on ${placeOf(demand, circumstance)} to one of your groups.`,
    ),
    { grounds },
  );
}

/** A person could lift it, but nobody can wait at the door. */
export function waitsInVain(demand: Demand, circumstance: Circumstance, asking: readonly Policy[], grounds: Grounds): Refusal {
  const message = `${wordsFor(demand, circumstance)} is refused by ${namesOf(asking)}${reasonsOf(asking)}`;
  return refuse('ACCESS_REFUSED', message, 'Ask whoever writes the policies to leave Action::"connect" out of that one.', {
    grounds,
    detail: 'connect itself cannot wait for approval',
  });
}

function hintFor(forbids: readonly Policy[], { principal }: Circumstance): string {
  const glass = forbids.find(({ breakGlass }) => breakGlass !== null && principal.groups.includes(breakGlass));
  if (glass !== undefined && principal.agent === null)
    return 'in an emergency you may pass: open a session with the run break-glass:REASON. It will be on record.';
  return forbids.some(({ reason }) => reason !== null)
    ? 'do what the rule asks for, or ask whoever writes the policies; a permit does not outweigh a forbid.'
    : 'ask whoever writes the policies; a permit does not outweigh a forbid.';
}

/** What may be a mistake is told so first: nobody should ask for a policy that lets it through. */
function correctable(demand: Demand, otherwise: string): string {
  if (demand.doubt === undefined && !isObscure(demand)) return `${otherwise.charAt(0).toUpperCase()}${otherwise.slice(1)}`;
  return `If that is a mistake, correct it; if not, ${otherwise}`;
}

/** `DELETE on public.users`: the protocol's own verb without the effect that may stand behind it, and what it is done to. */
export function wordsFor(demand: Demand, { connection }: Circumstance): string {
  const { action, effect, object, doubt } = demand;
  if (action === 'connect') return `Connecting to "${connection}"`;
  if (isObscure(demand)) return `What is not understood${object === null ? '' : ` (${shortened(doubt ?? object.name)})`}`;
  const name = verbOf(demand);
  const verb = (name.endsWith(`-${effect}`) ? name.slice(0, -effect.length - 1) : name).toUpperCase();
  const words = object === null ? `${verb} on "${connection}"` : `${verb} on ${shortened(object.name)}`;
  return doubt === undefined ? words : `${words} (${doubt})`;
}

function placeOf(demand: Demand, { connection }: Circumstance): string {
  const { object } = demand;
  const place = `Connection::"${connection}"`;
  return object === null || isObscure(demand) ? place : `${object.type} ${shortened(object.name)} in ${place}`;
}

function verbOf({ action }: Demand): string {
  return action.slice(action.indexOf(':') + 1);
}

/** Of which not even the verb is known: its object is what is not understood of it. */
function isObscure(demand: Demand): boolean {
  return verbOf(demand) === 'unknown';
}

function namesOf(policies: readonly Policy[]): string {
  return policies.map(({ id }) => `"${id}"`).join(' and ');
}

/** `: Deletes need a WHERE.`, or the end of the sentence. */
function reasonsOf(policies: readonly Policy[]): string {
  const reasons = [...new Set(policies.flatMap(({ reason }) => reason ?? []))].map((reason) =>
    /[.!?]$/.test(reason) ? reason : `${reason}.`,
  );
  return reasons.length === 0 ? '.' : `: ${reasons.join(' ')}`;
}

/** A name comes from the client's text and can be as long as that. */
function shortened(name: string): string {
  return name.length > 200 ? `${name.slice(0, 200)}…` : name;
}
