import { MalformedBytes } from '../../wire/byte-reader.ts';
import { encodePktLine, flush, type PktLine, pktLinesOf, textOf } from '../../wire/pkt-line.ts';

/** What a target says of its refs before a fetch or push (protocol versions 0 and 1; gitprotocol-pack(5), gitprotocol-http(5)). */
export interface Advertisement {
  readonly refs: ReadonlyMap<string, string>;
  readonly capabilities: readonly string[];
  /** Whether the target itself has only a part of the history. */
  readonly shallow: boolean;
  /** The lines behind `# service=…`, as git's own programs take them. */
  readonly bytes: Buffer;
}

/** A repository with a million refs says so in some 70 MB. */
export const largestAdvertisement = 128 * 1024 * 1024;

const refLine = /^([0-9a-f]{40}|[0-9a-f]{64}) (\S+)$/;

/** Reads an advertisement over HTTP. Throws MalformedBytes where it is not one of `service`. */
export function readAdvertisement(bytes: Buffer, service: string): Advertisement {
  const [first, second, ...lines] = pktLinesOf(bytes);
  if (first?.kind !== 'line' || textOf(first.bytes) !== `# service=${service}` || second?.kind !== 'flush')
    throw new MalformedBytes(`the target does not advertise ${service}; it may not be a git server, or an old one`);
  const refs = new Map<string, string>();
  let capabilities: readonly string[] = [];
  let shallow = false;
  for (const line of lines) {
    if (line.kind === 'flush') break;
    const { text, said } = readRefLine(line);
    if (said !== null) capabilities = said;
    if (/^version 1$/.test(text)) continue;
    if (/^shallow [0-9a-f]+$/.test(text)) shallow = true;
    else {
      const [, id, name] = refLine.exec(text) ?? [];
      if (id === undefined || name === undefined) throw new MalformedBytes('a line of the advertisement that names no ref');
      // What a tag leads to is said behind it, what others share of their objects as `.have`.
      if (name.startsWith('refs/') && !name.endsWith('^{}')) refs.set(name, id);
    }
  }
  const start = bytes.indexOf('0000') + flush.length;
  return { refs, capabilities, shallow, bytes: bytes.subarray(start) };
}

/**
 * What a client may use of receive-pack. Left out are push certificates, which are made out to the target's own address, and
 * whatever a newer git brings: what is not understood is not offered (gitprotocol-capabilities(5)).
 */
const offered =
  /^(report-status|report-status-v2|delete-refs|quiet|atomic|ofs-delta|side-band-64k|push-options|no-thin)$|^(object-format|agent|session-id)=/;

/** The advertisement of receive-pack as a client gets it: without what it may not use, and without objects that the mirror lacks. */
export function offeredToPush(bytes: Buffer): Buffer {
  const lines = pktLinesOf(bytes);
  return Buffer.concat(lines.flatMap(rewritten));
}

function rewritten(line: PktLine): Buffer[] {
  if (line.kind !== 'line') return line.kind === 'flush' ? [flush] : [];
  const { text, said } = readRefLine(line);
  if (said === null) return text.endsWith(' .have') ? [] : [encodePktLine(line.bytes)];
  const kept = said.filter((capability) => offered.test(capability));
  // The first line must stay, since it carries the capabilities: in place of a shared object it says that there are no refs.
  const stands = text.endsWith(' .have') ? `${'0'.repeat(text.indexOf(' '))} capabilities^{}` : text;
  return [encodePktLine(`${stands}\0${kept.join(' ')}\n`)];
}

function readRefLine(line: PktLine): { readonly text: string; readonly said: readonly string[] | null } {
  if (line.kind !== 'line') throw new MalformedBytes(`a ${line.kind} mark within an advertisement`);
  const nul = line.bytes.indexOf(0);
  if (nul === -1) return { text: textOf(line.bytes), said: null };
  const said = textOf(line.bytes.subarray(nul + 1));
  return { text: line.bytes.toString('utf8', 0, nul), said: said.split(' ').filter((word) => word !== '') };
}

/** The length of the repository's ids. */
export function objectFormatOf({ capabilities }: Advertisement): 'sha1' | 'sha256' {
  const said = capabilities.find((capability) => capability.startsWith('object-format='));
  if (said === undefined || said === 'object-format=sha1') return 'sha1';
  if (said === 'object-format=sha256') return 'sha256';
  throw new MalformedBytes(`the target names its objects by ${said}`);
}
