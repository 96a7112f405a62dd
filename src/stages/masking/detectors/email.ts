import { type Detector, eachMatch } from './detector.ts';
import { sign } from './traits.ts';

const mark = /@|%40/g;
const local = /[\p{L}\p{N}._+'&~%-]/u;
/** The same of ASCII, by code: an expression for each character was a tenth of what a pseudonym of an address takes. */
const localAscii = Array.from({ length: 128 }, (_, code) => local.test(String.fromCharCode(code)));
const domain = /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}(\p{L}{2,24}|xn--[a-z0-9-]{2,59})(?![\p{L}\p{N}_@])/iu;

/** Ends of file names such as `icon@2x.png`, and hosts that can have no mailbox. */
const noTop =
  /^(?:png|jpe?g|gif|svg|webp|avif|ico|css|s?css|[cm]?[jt]sx?|json|map|html?|ya?ml|toml|lock|invalid|local|internal|localhost)$/i;

/** E-mail addresses, also where a URL has `%40` for the sign. */
export const email: Detector = {
  name: 'email',
  shape: 'email',
  possible: ({ signs }) => (signs & (sign.at | sign.percent)) !== 0 && (signs & sign.dot) !== 0,
  find(text, _hint, found) {
    eachMatch(mark, text, found, ({ 0: { length }, index: at }) => {
      const start = localStart(text, at);
      if (start === at) return;
      const match = domain.exec(text.slice(at + length, at + length + 260));
      if (!match || noTop.test(match[1] ?? '') || isUserOfHost(text, start, at, at + length + match[0].length)) return;
      found(start, at + length + match[0].length);
    });
  },
};
function localStart(text: string, at: number): number {
  let start = at;
  while (start > 0 && at - start < 64 && isLocal(text, start - 1)) start -= 1;
  while (start < at && ".'&~%-".includes(text.charAt(start))) start += 1;
  return start;
}

function isLocal(text: string, at: number): boolean {
  return localAscii[text.charCodeAt(at)] ?? local.test(text.charAt(at));
}

/** `git@host:path` and `scheme://user:password@host` name an account on a host, which is no mailbox. */
function isUserOfHost(text: string, start: number, at: number, end: number): boolean {
  if (text.slice(start, at) === 'git' && text.charAt(end) === ':') return true;
  const before = text.slice(Math.max(0, start - 100), start);
  return before.includes('://') && /:\/\/[^\s/?#=@]*$/.test(before);
}
