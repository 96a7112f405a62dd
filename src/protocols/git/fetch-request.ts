import { MalformedBytes } from '../../wire/byte-reader.ts';
import { type PktLine, pktLinesOf, textOf } from '../../wire/pkt-line.ts';

/** A request of upload-pack as far as policy looks at it. */
export interface FetchRequest {
  readonly kind: 'list' | 'fetch';
  readonly prefixes: readonly string[];
  readonly wants: number;
  readonly shallow: boolean;
  readonly filter: string;
}

/** Reads a request of upload-pack (gitprotocol-pack(5), gitprotocol-v2(5)). Throws MalformedBytes where it is not understood. */
export function readFetchRequest(bytes: Buffer, version: number): FetchRequest {
  const lines = pktLinesOf(bytes);
  return version === 2 ? readVersion2(lines) : readVersion0(lines);
}

/** What a version 2 request may consist of, by its command. */
const arguments2: Readonly<Record<string, RegExp>> = {
  'ls-refs': /^(peel|symrefs|unborn|ref-prefix .*)$/,
  fetch:
    /^(want [0-9a-f]+|want-ref refs\/.+|have [0-9a-f]+|shallow [0-9a-f]+|deepen \d+|deepen-since \d+|deepen-not .+|deepen-relative|filter .+|done|thin-pack|no-progress|include-tag|ofs-delta|sideband-all|packfile-uris .+|wait-for-done)$/,
};

function readVersion2(lines: readonly PktLine[]): FetchRequest {
  const end = lines.findIndex(({ kind }) => kind === 'flush');
  if (end === -1 || end !== lines.length - 1) throw new MalformedBytes('a request that does not end in one flush');
  const texts = linesOf(lines.slice(0, end).filter(({ kind }) => kind !== 'delimiter'));
  const [, command = ''] = /^command=([a-z-]+)$/.exec(texts[0] ?? '') ?? [];
  const allowed = Object.hasOwn(arguments2, command) ? arguments2[command] : undefined;
  if (allowed === undefined)
    throw new MalformedBytes(`the command ${JSON.stringify(command.slice(0, 40))}, which the gateway does not know`);
  const delimiter = lines.findIndex(({ kind }) => kind === 'delimiter');
  const given = delimiter === -1 ? [] : linesOf(lines.slice(delimiter + 1, end));
  const strange = given.find((text) => !allowed.test(text));
  if (strange !== undefined) throw new MalformedBytes(`the argument ${JSON.stringify(strange.slice(0, 80))} of ${command}`);
  return { kind: command === 'fetch' ? 'fetch' : 'list', ...factsOf(given) };
}

const line0 = /^(want [0-9a-f]+( .*)?|have [0-9a-f]+|shallow [0-9a-f]+|deepen \d+|deepen-since \d+|deepen-not .+|filter .+|done)$/;

function readVersion0(lines: readonly PktLine[]): FetchRequest {
  const texts = linesOf(lines.filter(({ kind }) => kind !== 'flush'));
  const strange = texts.find((text) => !line0.test(text));
  if (strange !== undefined || texts.length === 0)
    throw new MalformedBytes(`the line ${JSON.stringify((strange ?? '').slice(0, 80))} in a fetch`);
  return { kind: 'fetch', ...factsOf(texts) };
}

function factsOf(texts: readonly string[]): Omit<FetchRequest, 'kind'> {
  return {
    prefixes: texts.filter((text) => text.startsWith('ref-prefix ')).map((text) => text.slice('ref-prefix '.length)),
    wants: texts.filter((text) => text.startsWith('want')).length,
    shallow: texts.some((text) => text.startsWith('deepen')),
    filter: texts.find((text) => text.startsWith('filter '))?.slice('filter '.length) ?? '',
  };
}

function linesOf(lines: readonly PktLine[]): string[] {
  return lines.map((line) => {
    if (line.kind !== 'line') throw new MalformedBytes(`a ${line.kind} mark where none stands`);
    return textOf(line.bytes);
  });
}
