import { type Detector, eachMatch, type Found } from './detector.ts';

/** What providers say their credentials look like. Each begins with its prefix, so the engine rules most places out at once. */
const issued: readonly RegExp[] = [
  /\b(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z2-7]{16}\b/g, // AWS key ids
  /\bAIza[\w-]{35}(?![\w-])/g, // Google API key
  /\bGOCSPX-[\w-]{28}(?![\w-])/g, // Google OAuth client secret
  /\bya29\.[\w-]{20,400}/g, // Google access token
  /\bgh[opusr]_[A-Za-z0-9]{36,255}\b/g,
  /\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b/g,
  /\bgl(?:pat|dt|rt|ptt|cbt|ft|soat|agent|oas)-[\w.-]{20,300}/g, // GitLab
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,250}/g, // Slack
  /\bxapp-\d-[A-Z0-9]+-\d+-[a-f0-9]{20,80}\b/g,
  /\bhooks\.slack\.com\/services\/T[A-Z0-9]{6,12}\/B[A-Z0-9]{6,12}\/[A-Za-z0-9]{16,40}/g,
  /\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,247}\b/g, // Stripe
  /\bwhsec_[A-Za-z0-9+/=]{24,100}/g,
  /\bnpm_[A-Za-z0-9]{36}\b/g,
  /\bpypi-[\w-]{40,400}/g,
  /\bsk-ant-[a-z]{2,10}\d\d-[\w-]{20,200}/g, // Anthropic
  /\bsk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{32,250}/g, // OpenAI
  /\bSG\.[\w-]{16,32}\.[\w-]{32,64}/g, // SendGrid
  /\bhf_[A-Za-z0-9]{30,40}\b/g,
  /\bdop_v1_[a-f0-9]{64}\b/g,
  /(?<![\w-])ey[JK][A-Za-z0-9_-]{8,3000}\.ey[A-Za-z0-9_-]{8,6000}\.[A-Za-z0-9_-]{16,2000}/g, // JWT
  /\b(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{40,90}={0,2}/gi, // Azure storage, service bus
  /[?&]sig=[A-Za-z0-9%+/]{40,90}(?:%3D|=)?/gi, // Azure shared access signature
  /\b[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![\w~.-])/g, // Entra client secret
];

const privateKey = /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/g;
/** A URL with a password; what is found is the password alone. */
const passwordInUrl = /\b[a-z][a-z0-9+.-]{1,24}:\/\/[^\s:/?#@"'<>]{0,100}:([^\s/?#@"'<>]{1,200}(?:@[^\s/?#@"'<>]{1,100}(?=@))?)@[\w[]/gi;
const assignment =
  /(?<![a-z])([a-z]{0,12}pass(?:word|wd|phrase)?|pwd|[a-z]{0,20}secret(?:[_-]?(?:access[_-]?)?key(?:_base)?)?|(?:access|auth|refresh|bearer|api|id|session)?[_-]?token|(?:api|access|account|private|encryption|signing)[_-]?key|credentials?)["'\\]{0,3} {0,4}(?:=>?|:=?|\bis\b) {0,4}(?:b(?:earer|asic) )?["'\\]{0,3}([^\s"'\\,;<>()]{6,300})/gi;
const authorization = /\b(?:bearer|basic) {1,3}([A-Za-z0-9._~+/-]{16,3000}={0,2})/gi;
/** A password in SQL: `alter role x password '…'`, `identified by '…'`. */
const sqlPassword = /\b(?:password|identified by) {1,4}'([^']{1,200})'/gi;
/** Cheap and wide: what holds none of these holds no secret that is looked for. */
const gate =
  /AKIA|A[SB]IA|ACCA|AROA|AIDA|AIza|GOCSPX|ya29|gh[opusr]_|github_pat|gl[a-z]{2,5}-|xox|xapp|slack|[sr]k[_-]|whsec|npm_|pypi-|SG\.|hf_|dop_|ey[JK]|Key=|sig=|Q~|-----BEGIN|:\/\/|pass|pwd|identified|secret|token|key|credential|bearer|basic/i;

/** Credentials: the tokens of cloud and code providers, JWTs, private keys, passwords in URLs and in assignments. */
export const secret: Detector = {
  name: 'secret',
  shape: 'secret',
  possible: ({ word }) => word >= 6,
  find(text, hint, found) {
    if (secretHint.test(hint) && text.length <= 4096 && /^\S{6,}$/.test(text) && isUnguessable(text, 2.3)) return found(0, text.length);
    if (!gate.test(text)) return;
    for (const pattern of issued) eachMatch(pattern, text, found, ({ 0: match, index }) => found(index, index + match.length));
    findKeys(text, found);
    eachMatch(passwordInUrl, text, found, (match) => password(match, found));
    eachMatch(sqlPassword, text, found, (match) => inner(match, 1, found));
    eachMatch(authorization, text, found, (match) => {
      if (isUnguessable(match[1] ?? '', 3)) inner(match, 1, found);
    });
    eachMatch(assignment, text, found, (match) => {
      if (isAssigned(match[1] ?? '', match[2] ?? '')) inner(match, 2, found);
    });
  },
};
const secretHint = /(?:^|[ _-])(?:password|passwd|pwd|passphrase|secret|api_?key|access_?key|private_?key|token)(?: |$)/;

/** A key that does not end goes on to the end of the text. */
function findKeys(text: string, found: Found): void {
  let done = 0;
  eachMatch(privateKey, text, found, ({ 0: match, index }) => {
    if (index < done) return;
    done = endOfKey(text, index + match.length);
    found(index, done);
  });
}

function endOfKey(text: string, from: number): number {
  const end = text.indexOf('-----END', from);
  if (end < 0) return text.length;
  const close = text.indexOf('-----', end + 8);
  return close < 0 ? text.length : close + 5;
}

function password(match: RegExpExecArray, found: Found): void {
  const text = match[1] ?? '';
  if (isPlaceholder(text)) return;
  const start = match.index + match[0].indexOf(`:${text}@`, match[0].indexOf('://') + 3) + 1;
  found(start, start + text.length);
}

function inner(match: RegExpExecArray, group: number, found: Found): void {
  const text = match[group] ?? '';
  const start = match.index + match[0].lastIndexOf(text);
  found(start, start + text.length);
}

/** Passwords are short and of any letters; tokens and keys are long and mixed, and prose has those words too. */
function isAssigned(name: string, value: string): boolean {
  if (isPlaceholder(value)) return false;
  if (/^pwd$/i.test(name) && /^[./~]/.test(value)) return false;
  if (/pass|pwd/i.test(name)) return isUnguessable(value, 2.2) && /[^a-z.]/.test(value);
  return value.length >= 16 && /\d/.test(value) && /[a-z]/i.test(value) && isUnguessable(value, 3);
}

function isPlaceholder(value: string): boolean {
  return /^[*x.•-]+$|^\$|[{<[%]|^(?:null|none|true|false|undefined|changeme|example|password|required|process\.env|os\.environ|env\.)/i.test(
    value,
  );
}

/** Shannon's entropy of the characters, in bits each. */
function isUnguessable(value: string, bits: number): boolean {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let entropy = 0;
  for (const count of counts.values()) entropy -= (count / value.length) * Math.log2(count / value.length);
  return entropy >= bits;
}
