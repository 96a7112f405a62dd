import { isIP, isIPv6 } from 'node:net';
import { type Detector, eachMatch, named } from './detector.ts';
import { sign } from './traits.ts';

const four = /(?<![\w.:-]|\d,)(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)/g;
const six = /(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}(?:[0-9a-fA-F]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?![\w:]|\.\d)/g;

/** Four numbers with points are as often the version of a program, a section or an object identifier. */
const version = /\b(?:v|ver|version|release|build|section|oid|chrome|safari|firefox|edge?|driver|sdk|firmware|chapter|§)[\s:=/"'v]{0,4}$/i;

/** IPv4 and IPv6 addresses, a prefix length or port after them left out; not the unspecified address, loopback and netmasks. */
export const ip: Detector = {
  name: 'ip',
  shape: 'ip',
  possible: ({ digits, signs }) => (digits >= 4 && (signs & sign.dot) !== 0) || (signs & sign.colon) !== 0,
  find(text, hint, found) {
    eachMatch(four, text, found, ({ 0: match, index }) => {
      if (isIP(match) !== 4 || /^(?:0|127|255)\./.test(match) || isVersion(text, index, hint)) return;
      found(index, index + match.length);
    });
    eachMatch(six, text, found, ({ 0: match, index }) => {
      if (match.length > 4 && isIPv6(match) && /[0-9a-f]{2}/i.test(match)) found(index, index + match.length);
    });
  },
};

function isVersion(text: string, start: number, hint: string): boolean {
  if (named(/\bip(?:v4|_?addr\w*)?\b/i, text, start, hint)) return false;
  return version.test(text.slice(Math.max(0, start - 20), start));
}
