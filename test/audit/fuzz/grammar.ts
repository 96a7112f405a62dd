import { message } from '../../../src/protocols/postgres/testing/fixtures.ts';
import { int32 } from '../../../src/protocols/postgres/testing/messages.ts';
import type { Random } from '../../rig/random.ts';

const { query, parse, bind, describe, execute, close, flush, sync, terminate, copyData, copyDone, copyFail, functionCall } = message;

/** What the judge of the fuzz does with a statement that has the word. */
export const words = { refused: 'forbidden', later: 'later' } as const;

const plain = [
  'select 1',
  'select 1',
  'select many',
  'select many',
  'select 1/0',
  'selec 1',
  '',
  ';',
  'begin',
  'commit',
  'rollback',
  'set x = 1',
  'deallocate all',
  'deallocate s',
  'select 1; select 2',
  'select 1; select 1/0; select 2',
  'begin; select 1; commit',
  "select 'größe'",
  'copy t to stdout',
  'copy t from stdin',
  'select 1; copy t from stdin; select 2',
  'select huge',
] as const;
const judged = [
  'select forbidden',
  'select later',
  'select later, forbidden',
  'select 1; select forbidden',
  'select later; select 2',
] as const;
const statementNames = ['', '', 's', 't'] as const;
const portalNames = ['', '', 'p'] as const;

/** What a client of a masked session asks beside. */
export interface ScriptOptions {
  readonly judged: boolean;
  /** Texts that are asked half of the time. */
  readonly texts?: readonly string[];
}

/** Client messages that keep to the protocol's grammar, a unit of several at a time; what they come to is the target's affair. */
export function clientScript(random: Random, options: ScriptOptions): Buffer[] {
  const script: Buffer[] = [];
  const { texts } = options;
  const textOf = () => {
    if (options.judged && random.below(4) === 0) return random.pick(judged);
    return texts !== undefined && random.below(2) === 0 ? random.pick(texts) : randomText(random);
  };
  for (let units = 2 + random.below(14); units > 0; units -= 1) script.push(...unit(random, textOf, options.judged));
  if (random.below(3) > 0) script.push(sync());
  if (random.below(2) === 0) script.push(terminate());
  return script;
}

function randomText(random: Random): string {
  const text = random.pick(plain);
  // A row that passes in pieces costs as much as a thousand others.
  return text === 'select huge' && random.below(12) > 0 ? 'select 1' : text;
}

function unit(random: Random, textOf: () => string, isJudged: boolean): Buffer[] {
  const name = random.pick(statementNames);
  const portal = random.pick(portalNames);
  switch (random.below(13)) {
    case 0:
    case 1:
      return [query(textOf())];
    case 2:
    case 3:
    case 4:
      return [parse(name, textOf()), bind(portal, name), describe('P', portal), execute(portal), sync()];
    case 5:
      return [parse(name, textOf()), describe('S', name), sync()];
    case 6:
      return [bind(portal, name, ['1', null]), execute(portal, random.below(3)), ...maybe(random, sync())];
    case 7:
      return [execute(portal, 1), execute(portal, 2), ...maybe(random, flush()), sync()];
    case 8:
      return [close(random.pick(['S', 'P'] as const), name), ...maybe(random, sync())];
    case 9:
      return [query(copyText(random, isJudged)), ...copyIn(random, isJudged)];
    case 10:
      return [parse('', copyText(random, isJudged)), bind('', ''), execute(''), ...copyIn(random, isJudged), sync()];
    case 11:
      return [...maybe(random, parse(name, textOf())), call(random, isJudged), ...maybe(random, bind(portal, name))];
    default:
      return [parse(name, textOf()), ...maybe(random, flush()), bind(portal, name), execute(portal)];
  }
}

/** Of large objects, which there are none but an open one; where statements are judged, also of what never passes. */
function call(random: Random, isJudged: boolean): Buffer {
  if (isJudged && random.below(3) === 0) return functionCall();
  return random.pick([
    functionCall(958, int32(0)),
    functionCall(954, int32(0), int32(100)),
    functionCall(955, int32(0), Buffer.from('content')),
    functionCall(964, int32(1)),
  ]);
}

function copyText(random: Random, isJudged: boolean): string {
  return isJudged && random.below(3) === 0 ? 'copy forbidden from stdin' : 'copy t from stdin';
}

/** What would be asked, if the data of a copy were ever read as messages. */
const hidden = Buffer.concat(Array.from({ length: 15_000 }, () => query('select forbidden')));

function copyIn(random: Random, isJudged: boolean): Buffer[] {
  const data = Array.from({ length: random.below(4) }, () => copyData('1\tone\n'));
  if (random.below(isJudged ? 10 : 200) === 0) data.push(copyData(hidden));
  return [...maybe(random, sync()), ...data, random.below(4) === 0 ? copyFail('no more') : copyDone()];
}

function maybe(random: Random, one: Buffer): Buffer[] {
  return random.below(3) === 0 ? [one] : [];
}
