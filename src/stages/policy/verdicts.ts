import type { Action, Demand } from '../../core/action.ts';
import type { Principal } from '../../core/principal.ts';
import type { Circumstance } from '../../core/stages.ts';
import type { Verdict } from '../../core/verdict.ts';

/** Somebody somewhere: all that a policy sees beside the action. Whoever looks the same to policy has the same seat. */
interface Seat {
  /** Tells its verdicts from those of other seats. */
  readonly key: string;
  /** Protocols hand in the same demands for the same kind of statement, so that most verdicts are found without reading them. */
  readonly ofDemands: WeakMap<readonly Demand[], Judged>;
}

/** A verdict on demands, and the facts that it was given with: texts that differ in what no policy sees have both in common. */
interface Judged {
  readonly facts: Action['facts'];
  readonly verdict: Verdict;
}

/** Verdicts kept, and how long their keys may be, since a client chooses the names in them: at most 80 MB, usually 10. */
const rememberedVerdicts = 10_000;
const rememberedKeyLength = 4_096;
const rememberedSeats = 2_000;
/** Sessions of one token on different connections or in different runs. */
const seatsOfPrincipal = 64;

/** Verdicts of one policy version, by everything that its policies can see. The text of an action is not among it. */
export class Verdicts {
  readonly #seats = new Map<string, Seat>();
  readonly #ofPrincipal = new WeakMap<Principal, Map<string, Map<string | null, Seat>>>();
  readonly #ofShape = new Map<string, Verdict>();
  #lastSeat = 0;

  /** What is not known is asked of `decide`, and kept once that has answered. */
  of<Answer extends Verdict | Promise<Verdict>>(
    circumstance: Circumstance,
    action: Action,
    decide: (circumstance: Circumstance, action: Action) => Answer,
  ): Answer | Verdict {
    const { principal, connection, run } = circumstance;
    const seat = this.#ofPrincipal.get(principal)?.get(connection)?.get(run) ?? this.#seatOf(circumstance);
    const judged = seat.ofDemands.get(action.demands);
    return judged?.facts === action.facts ? judged.verdict : this.#ofKey(seat, circumstance, action, decide);
  }

  #ofKey<Answer extends Verdict | Promise<Verdict>>(
    seat: Seat,
    circumstance: Circumstance,
    action: Action,
    decide: (circumstance: Circumstance, action: Action) => Answer,
  ): Answer | Verdict {
    const key = seat.key + shapeOf(action);
    const answer = this.#ofShape.get(key) ?? decide(circumstance, action);
    if (answer instanceof Promise) void answer.then((verdict) => this.#keep(seat, key, action, verdict));
    else this.#keep(seat, key, action, answer);
    return answer;
  }

  #keep(seat: Seat, key: string, action: Action, verdict: Verdict): void {
    // A fault may pass by itself.
    if (verdict.kind === 'refusal' && verdict.code === 'POLICY_FAULT') return;
    seat.ofDemands.set(action.demands, { facts: action.facts, verdict });
    if (!this.#ofShape.has(key) && key.length <= rememberedKeyLength) keep(this.#ofShape, key, verdict, rememberedVerdicts);
  }

  #seatOf({ principal, connection, run }: Circumstance): Seat {
    const looks = JSON.stringify([...visibleOf(principal), connection, run]);
    let seat = this.#seats.get(looks);
    if (seat === undefined) {
      seat = { key: `${(this.#lastSeat += 1)} `, ofDemands: new WeakMap() };
      if (looks.length <= rememberedKeyLength) keep(this.#seats, looks, seat, rememberedSeats);
    }
    let places = this.#ofPrincipal.get(principal);
    if (places === undefined) this.#ofPrincipal.set(principal, (places = new Map()));
    const runs = places.get(connection) ?? new Map<string | null, Seat>();
    keep(places, connection, runs, seatsOfPrincipal);
    keep(runs, run, seat, seatsOfPrincipal);
    return seat;
  }
}

/** What a policy sees of a principal, or what decides for it whether they may break the glass. */
function visibleOf({ issuer, subject, email, groups, agent }: Principal): unknown[] {
  return [issuer, subject, email, groups, agent];
}

/** What a policy sees of an action, and what a refusal says of it, as one string that no other shape shares. */
function shapeOf({ demands, facts }: Action): string {
  const names = Object.keys(facts).sort();
  return JSON.stringify([
    demands.map(({ action, effect, object, doubt }) => [action, effect, object?.type ?? null, object?.name ?? null, doubt ?? null]),
    names.map((name) => [name, facts[name]]),
  ]);
}

function keep<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, most: number): void {
  const [oldest] = map.keys();
  if (oldest !== undefined && map.size >= most && !map.has(key)) map.delete(oldest);
  map.set(key, value);
}
