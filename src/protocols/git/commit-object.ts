import type { CommitFound, Person, TagFound } from './inspection.ts';

const identity = /^(.*?) ?<([^<>]*)> (\d+ [+-]\d{4})$/;

/** Reads a commit as git stores it (gitformat-commit). fsck has checked its shape. */
export function readCommit(id: string, object: Buffer): CommitFound {
  const { of, message } = readObject(object);
  const [author, authored] = readIdentity(of('author')[0]);
  const [committer, committed] = readIdentity(of('committer')[0]);
  const signed = of('gpgsig').length + of('gpgsig-sha256').length > 0;
  return { id, parents: of('parent'), author, authored, committer, committed, signed, message };
}

/** Reads an annotated tag in the same way. */
export function readTag(id: string, object: Buffer): TagFound {
  const { of, message } = readObject(object);
  const [tagger] = readIdentity(of('tagger')[0]);
  return { id, name: of('tag')[0] ?? '', tagger, message };
}

/** Lines of head, an empty one, the message. */
function readObject(object: Buffer): { readonly of: (name: string) => string[]; readonly message: string } {
  const end = object.indexOf('\n\n');
  const head = object.toString('utf8', 0, end === -1 ? object.length : end).split('\n');
  const of = (name: string) => head.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  return { of, message: end === -1 ? '' : object.toString('utf8', end + 2) };
}

/** Whether a tag carries a signature, which stands at the end of its message. */
export function isTagSigned(object: Buffer): boolean {
  return /\n-----BEGIN (PGP|SSH|SIGNED) /.test(object.toString('latin1'));
}

function readIdentity(text = ''): readonly [Person, string] {
  const [, name = '', email = '', time = ''] = identity.exec(text) ?? [];
  return [{ name, email }, time];
}
