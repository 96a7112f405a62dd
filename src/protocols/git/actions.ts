import type { Action, ActionCatalog, ActionObject, Demand, Effect, FactCatalog } from '../../core/action.ts';
import { effects } from '../../core/action.ts';
import type { Inspection, RefChange } from './inspection.ts';
import { isNone, type RefCommand } from './push-request.ts';

/**
 * What this protocol can ask. To take a ref away or to move it off its history takes from others what they built on, as dropping a
 * table does: so both have the effect `schema`, and whoever may write may not do them for that alone.
 */
export const actions = {
  'git:list': { effect: 'read', says: 'Asks which refs there are, before a fetch or a push.' },
  'git:fetch': { effect: 'read', says: 'Fetches objects.' },
  'git:push': { effect: 'write', says: 'Moves a ref; together with git:force where its old state is not kept.' },
  'git:create': { effect: 'write', says: 'Creates a branch, tag or other ref.' },
  'git:force': { effect: 'schema', says: 'Moves a ref to a state that does not contain the old one, or moves a tag.' },
  'git:delete': { effect: 'schema', says: 'Deletes a ref.' },
  'git:lfs-download': { effect: 'read', says: 'Downloads large files (Git LFS).' },
  'git:lfs-upload': { effect: 'write', says: 'Uploads large files (Git LFS).' },
  'git:lfs-lock': { effect: 'write', says: 'Takes or gives back a lock on a large file.' },
  'git:unknown': { effect: 'unknown', says: 'Something that is not understood.' },
} as const satisfies ActionCatalog;

export type ActionName = keyof typeof actions;

export const objects = ['Repository', 'Ref'] as const;

/** What policies may test; every action has all of them. */
export const facts = {
  service: { kind: 'text', says: 'What is asked of the repository: `upload-pack` to fetch, `receive-pack` to push, `lfs`.' },
  protocolVersion: { kind: 'number', says: 'The version of git’s wire protocol: 0, 1 or 2.' },
  prefixes: { kind: 'texts', says: 'Which refs are asked for by their beginnings (version 2); none: all.' },
  wants: { kind: 'number', says: 'How many objects a fetch asks for by id or name.' },
  shallow: { kind: 'boolean', says: 'Whether a fetch asks for a part of the history.' },
  filter: { kind: 'text', says: 'What a partial clone leaves out, as git writes it.' },
  refs: { kind: 'texts', says: 'The refs that a push changes.' },
  created: { kind: 'boolean', says: 'Whether a push creates a ref.' },
  deleted: { kind: 'boolean', says: 'Whether a push deletes a ref.' },
  forced: { kind: 'boolean', says: 'Whether a push moves a ref to a state that does not contain the old one.' },
  paths: { kind: 'texts', says: 'Every file that a push changes, in any of its commits.' },
  filesChanged: { kind: 'number', says: 'How many those are.' },
  commits: { kind: 'number', says: 'How many commits a push brings that the target does not have.' },
  addedLines: { kind: 'number', says: 'Lines that a push adds, over all its commits.' },
  removedLines: { kind: 'number', says: 'Lines that a push removes, over all its commits.' },
  packBytes: { kind: 'number', says: 'Bytes of the pushed pack.' },
  signed: { kind: 'boolean', says: 'Whether every new commit and tag carries a signature, be it good or not.' },
  verified: {
    kind: 'boolean',
    says: 'Whether every new commit is signed with its committer’s key, and every new tag with one of `target.signers`.',
  },
  authorMismatch: { kind: 'boolean', says: 'Whether a new commit has another author than the principal, by e-mail address.' },
  committerMismatch: { kind: 'boolean', says: 'Whether a new commit has another committer than the principal, by e-mail address.' },
  secrets: {
    kind: 'texts',
    says: 'Where pushed lines, or the messages of commits and tags, hold a secret, as path:line:rule; in place of a path stands `commit ID` or `tag ID`.',
  },
  binaryFiles: { kind: 'texts', says: 'The binary files that a push changes.' },
  submodules: { kind: 'texts', says: 'The submodules that a push sets.' },
  symlinks: { kind: 'texts', says: 'The symbolic links that a push sets.' },
  pushOptions: { kind: 'texts', says: 'What a push tells the target’s hooks (git push -o).' },
  inspected: { kind: 'boolean', says: 'Whether all of it could be read; false only for what is refused anyway.' },
  lfsObjects: { kind: 'number', says: 'How many large files are asked for.' },
  lfsBytes: { kind: 'number', says: 'How many bytes they have, as the client says.' },
} as const satisfies FactCatalog;

type FactValues = { readonly [name in keyof typeof facts]: Value<(typeof facts)[name]['kind']> };
type Value<Kind> = Kind extends 'boolean' ? boolean : Kind extends 'number' ? number : Kind extends 'text' ? string : readonly string[];

const noFacts: FactValues = {
  service: '',
  protocolVersion: 0,
  prefixes: [],
  wants: 0,
  shallow: false,
  filter: '',
  refs: [],
  created: false,
  deleted: false,
  forced: false,
  paths: [],
  filesChanged: 0,
  commits: 0,
  addedLines: 0,
  removedLines: 0,
  packBytes: 0,
  signed: true,
  verified: true,
  authorMismatch: false,
  committerMismatch: false,
  secrets: [],
  binaryFiles: [],
  submodules: [],
  symlinks: [],
  pushOptions: [],
  inspected: true,
  lfsObjects: 0,
  lfsBytes: 0,
};

/** What is asked of the repository as a whole. */
export function repositoryAction(name: ActionName, repository: string, text: string, given: Partial<FactValues>): Action {
  return actionOf([demand(name, { type: 'Repository', name: repository })], text, given);
}

/** What was asked in a way that nobody understands. */
export function unknownAction(text: string): Action {
  return actionOf([demand('git:unknown', null)], text, { inspected: false });
}

export interface PushAsked {
  readonly options: readonly string[];
  readonly packBytes: number;
}

/** A push whose every line is known. */
export function pushAction(inspection: Inspection, { options }: PushAsked): Action {
  const { refs, files } = inspection;
  return actionOf(refs.flatMap(demandsOf), textOfPush(inspection, options), {
    ...refFacts(refs),
    paths: files.map(({ path }) => path),
    filesChanged: files.length,
    commits: inspection.commits,
    addedLines: inspection.added,
    removedLines: inspection.removed,
    packBytes: inspection.packBytes,
    signed: inspection.signed,
    verified: inspection.verified,
    authorMismatch: inspection.authorMismatch,
    committerMismatch: inspection.committerMismatch,
    secrets: inspection.secrets,
    binaryFiles: files.flatMap(({ path, binary }) => (binary ? [path] : [])),
    submodules: inspection.submodules,
    symlinks: inspection.symlinks,
    pushOptions: options,
  });
}

/** A push that could not be read: the worst is taken of it. */
export function unreadPushAction(commands: readonly RefCommand[], why: string, { options, packBytes }: PushAsked): Action {
  const refs = commands.map((each) => {
    const deleted = isNone(each.new);
    const created = isNone(each.old) && !deleted;
    return { ...each, created, deleted, forced: !created && !deleted };
  });
  const text = `${refs.map(lineOfRef).join('\n')}\n\n${why}`;
  const worst = { signed: false, verified: false, authorMismatch: true, committerMismatch: true, inspected: false };
  return actionOf(refs.flatMap(demandsOf), text, { ...refFacts(refs), ...worst, packBytes, pushOptions: options });
}

function refFacts(refs: readonly RefChange[]): Partial<FactValues> {
  return {
    service: 'receive-pack',
    refs: refs.map(({ ref }) => ref),
    created: refs.some(({ created }) => created),
    deleted: refs.some(({ deleted }) => deleted),
    forced: refs.some(({ forced }) => forced),
  };
}

function demandsOf({ ref, created, deleted, forced }: RefChange): Demand[] {
  const object = { type: 'Ref', name: ref };
  if (deleted) return [demand('git:delete', object)];
  if (created) return [demand('git:create', object)];
  return forced ? [demand('git:push', object), demand('git:force', object)] : [demand('git:push', object)];
}

function demand(action: ActionName, object: ActionObject | null): Demand {
  return { action, effect: actions[action].effect, object };
}

/** What an approver reads: what happens to which ref, by whom, to which files, and the patch as far as it fits. */
function textOfPush(inspection: Inspection, options: readonly string[]): string {
  const { refs, commits, firstCommits, tags, firstTags, files, added, removed, secrets, preview } = inspection;
  const heads = firstCommits.map(
    ({ id, author, message }) => `  ${id.slice(0, 12)} ${author.name} <${author.email}> ${message.split('\n')[0] ?? ''}`,
  );
  const named = firstTags
    .slice(0, 50)
    .map(({ name, tagger, message }) => `  ${name} ${tagger.name} <${tagger.email}> ${message.split('\n')[0] ?? ''}`);
  const changed = files
    .slice(0, 500)
    .map(({ path, added: more, removed: less, binary }) => `  ${path} ${binary ? 'binary' : `+${more} -${less}`}`);
  const sections = [
    refs.map(lineOfRef).join('\n'),
    options.length === 0 ? '' : `push options: ${options.join(', ')}`,
    commits === 0 ? '' : `${counted(commits, 'new commit')}${leftOut(commits - heads.length)}:\n${heads.join('\n')}`,
    tags === 0 ? '' : `${counted(tags, 'annotated tag')}${leftOut(tags - named.length)}:\n${named.join('\n')}`,
    files.length === 0
      ? ''
      : `${counted(files.length, 'file')}, +${added} -${removed}${leftOut(files.length - changed.length)}:\n${changed.join('\n')}`,
    secrets.length === 0
      ? ''
      : `secrets found at:\n${secrets
          .slice(0, 50)
          .map((place) => `  ${place}`)
          .join('\n')}`,
    preview,
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function lineOfRef({ ref, old, new: state, created, deleted, forced }: RefChange): string {
  if (deleted) return `delete ${ref} (was ${old.slice(0, 12)})`;
  if (created) return `create ${ref} ${state.slice(0, 12)}`;
  return `${forced ? 'force' : 'push'} ${ref} ${old.slice(0, 12)}..${state.slice(0, 12)}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function leftOut(count: number): string {
  return count > 0 ? ` (${count} of them not listed here)` : '';
}

function actionOf(demands: readonly Demand[], text: string, given: Partial<FactValues>): Action {
  const worst = demands.reduce((one, other) => (rank(other.effect) > rank(one.effect) ? other : one));
  const touched = new Map(demands.flatMap(({ object }) => (object === null ? [] : [[`${object.type} ${object.name}`, object]])));
  return { name: worst.action, effect: worst.effect, demands, objects: [...touched.values()], text, facts: { ...noFacts, ...given } };
}

function rank(effect: Effect): number {
  return effects.indexOf(effect);
}
