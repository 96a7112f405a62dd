import type { Import, Module } from './module.ts';
import { isTest, type Tree } from './tree.ts';

/**
 * What the modules of a place may import beside their own folder: places, or single modules. Protocols are on no list:
 * they are loaded by name. `core/secret` is on wire's because a secret is what the settings of every peer end in.
 */
const basis = ['core', 'wire', 'sql'];
const middle = [...basis, 'stages', 'archive'];
const layers: { readonly [place: string]: readonly string[] } = {
  core: [],
  wire: ['core/secret'],
  sql: [],
  stages: basis,
  archive: basis,
  protocols: basis,
  gateway: middle,
  api: middle,
  cli: [...middle, 'gateway', 'api'],
  main: [...middle, 'gateway', 'api', 'cli'],
};

/** Places whose folders are strangers to one another. */
const apart = ['stages', 'protocols'];

/** What core may use of the world: types, two pure parts of Node, and the type of a settings schema. */
const coreValues = ['node:crypto', 'node:zlib'];
const coreTypes = /^(node:.*|zod)$/;

/** Who may make a proof. A proof that anybody can make proves nothing. */
const mints: readonly { readonly name: string; readonly from: string; readonly allowed: RegExp }[] = [
  { name: 'permit', from: 'src/core/verdict.ts', allowed: /^src\/stages\/(policy|approvals)\// },
  { name: 'mintShown', from: 'src/core/proof.ts', allowed: /^src\/protocols\/[^/]+\/masking\.ts$/ },
  { name: 'mintWitnessed', from: 'src/core/proof.ts', allowed: /^src\/core\/crossing\.ts$/ },
  { name: 'mintCleared', from: 'src/core/proof.ts', allowed: /^src\/core\/crossing\.ts$/ },
];
const proofs = /\b(Permit|Witnessed|Shown|Cleared)\b/;

const socketModules = /^(node:(net|tls|dgram|https?|http2)|undici|ws)$/;
const socketFiles = /^src\/protocols\/[^/]+\/(client|upstream)\.ts$/;

/** Words that are a protocol's name here and mean something else there. */
const namesakes: { readonly [path: string]: { readonly word: string; readonly means: string } } = {
  'src/api/openapi.ts': { word: 'http', means: "OpenAPI's type of a security scheme" },
  'src/stages/policy/author.ts': { word: 'git', means: 'the program' },
  'src/stages/masking/detectors/email.ts': { word: 'git', means: 'the user of git@host:path, which is no address' },
};

/** The one place that imports what a run decides: protocols, by the names of their folders. */
const loaders = /^src\/gateway\//;

const suppression = /(oxlint|eslint)-disable|@ts-(ignore|expect-error|nocheck)|biome-ignore|(c8|v8) ignore|node:coverage/;

/** Everything wrong with a tree, a line each. */
export function violations(tree: Tree): string[] {
  const modules = [...tree.values()];
  return [...modules.flatMap((module) => [...crossings(module), ...secrets(module), ...protocolNames(module, tree)]), ...cycles(tree)];
}

function crossings(module: Module): string[] {
  const found = module.imports.flatMap((edge) => {
    const problem = edge.target.startsWith('src/') ? innerEdge(module, edge) : outerEdge(module, edge);
    return problem === null ? [] : [`${module.path}:${edge.line} ${problem}`];
  });
  const computed = loaders.test(module.path) || isTest(module.path) ? [] : module.computed;
  return [...found, ...computed.map(({ what, line }) => `${module.path}:${line} ${what}: only the gateway loads by name`)];
}

function innerEdge(module: Module, { target }: Import): string | null {
  const [from, to] = [placeOf(module.path), placeOf(target)];
  const allowed = layers[from.place];
  if (allowed === undefined) return `stands in no layer: give src/${from.place} a row in the table`;
  if (isTest(target) && !isTest(module.path)) return `imports ${target}, which is for tests`;
  if (from.folder === to.folder || allowed.includes(to.place) || allowed.includes(target.slice('src/'.length, -'.ts'.length))) return null;
  if (from.place === to.place) return apart.includes(from.place) ? `imports ${target}, of another folder of ${from.place}` : null;
  return `imports ${target}: ${from.place} may import ${allowed.join(', ') || 'nothing'}`;
}

function outerEdge({ path }: Module, { target, isType }: Import): string | null {
  if (isTest(path)) return null;
  if (target.startsWith('.') || /^(test|bench|examples|scripts)\//.test(target)) return `imports ${target}, outside of src`;
  const { place } = placeOf(path);
  if (place === 'core' && !coreValues.includes(target) && !(isType && coreTypes.test(target)))
    return `imports ${target}: core imports nothing`;
  if (place === 'protocols' && socketModules.test(target) && !isType && !socketFiles.test(path))
    return `imports ${target}: only client.ts and upstream.ts have sockets`;
  return null;
}

/** `src/stages/policy/judge.ts` is of the place `stages` and the folder `stages/policy`; `src/main.ts` of `main`. */
function placeOf(path: string): { readonly place: string; readonly folder: string } {
  const [, place = '', folder = ''] = path.replace(/\.ts$/, '').split('/');
  return { place, folder: apart.includes(place) ? `${place}/${folder}` : place };
}

/** Proofs made or claimed where they may not be, and checks switched off. */
function secrets(module: Module): string[] {
  const { path } = module;
  const off = module.comments.filter(({ what }) => suppression.test(what)).map(({ line }) => `${path}:${line} switches a check off`);
  if (isTest(path)) return off;
  const made = module.imports.flatMap((edge) =>
    mints
      .filter(({ name, from, allowed }) => edge.target === from && !edge.isType && takes(edge, name) && !allowed.test(path))
      .map(({ name }) => `${path}:${edge.line} may not import ${name}`),
  );
  const home = mints.some(({ from }) => from === path);
  const claimed = home ? [] : module.assertions.filter(({ what }) => proofs.test(what));
  return [...off, ...made, ...claimed.map(({ what, line }) => `${path}:${line} claims to have a proof: as ${what}`)];
}

function takes({ names }: Import, name: string): boolean {
  return names.includes(name) || names.includes('*');
}

/** A protocol named outside of its folder is a place that the next protocol would have to touch. */
function protocolNames({ path, strings }: Module, tree: Tree): string[] {
  // The quickstart is an example of a configuration, which names the protocols of its connections as any user's does.
  if (isTest(path) || path.startsWith('src/cli/quickstart/')) return [];
  const names = new Set([...tree.keys()].map((file) => /^src\/protocols\/([^/]+)\//.exec(file)?.[1]));
  return strings
    .filter(({ what }) => names.has(what) && namesakes[path]?.word !== what && !path.startsWith(`src/protocols/${what}/`))
    .map(({ what, line }) => `${path}:${line} names the protocol "${what}"`);
}

/** Each cycle of imports, types included, named once by the modules in it. */
export function cycles(tree: Tree): string[] {
  const known = [...tree.keys()];
  const reach = new Map(known.map((path) => [path, reachableFrom(path, tree)]));
  const rings = known.map((path) => known.filter((other) => reach.get(path)?.has(other) && reach.get(other)?.has(path)));
  const texts = rings.filter((ring) => ring.length > 0).map((ring) => `imports in a circle: ${ring.join(', ')}`);
  return [...new Set(texts)];
}

function reachableFrom(start: string, tree: Tree): Set<string> {
  const reached = new Set<string>();
  const open = [start];
  for (let path = open.pop(); path !== undefined; path = open.pop())
    for (const { target } of tree.get(path)?.imports ?? [])
      if (tree.has(target) && !reached.has(target)) {
        reached.add(target);
        open.push(target);
      }
  return reached;
}
