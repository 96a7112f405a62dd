import type { Fixture, Piece } from '../../../../test/conformance/rig.ts';
import { encodePktLine, flush, onBand } from '../../../wire/pkt-line.ts';
import { encodeFrame, type FrameKind, frameKinds } from '../framing.ts';

type Framed = readonly [kind: FrameKind, content: string | Buffer | object];

const framed = ([kind, content]: Framed): Buffer =>
  encodeFrame(kind, typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content));
const ask = (exchange: number, ...frames: readonly Framed[]): Piece => ({
  exchange,
  direction: 'request',
  bytes: Buffer.concat(frames.map(framed)),
});
const answer = (exchange: number, ...frames: readonly Framed[]): Piece => ({
  exchange,
  direction: 'reply',
  bytes: Buffer.concat(frames.map(framed)),
});

const { head, body, summary, commit, change, patch, own } = frameKinds;
const id = (digit: string) => digit.repeat(40);
const typed = (type: string) => [['content-type', type]];
const change1 = 'diff --git a/größe.txt b/größe.txt\n--- a/größe.txt\n+++ b/größe.txt\n@@ -1 +1 @@\n-old\n+näu\n';

const binary1 = 'GIT binary patch\nliteral 2\nJcmZ=x\n\nliteral 0\nHcmV?d00001\n\n';

/** Stretches of recorded sessions as the gateway keeps them. */
export const fixtures: readonly Fixture[] = [
  {
    name: 'a list of refs',
    pieces: [
      ask(1, [head, { method: 'GET', path: '/info/refs?service=git-upload-pack', headers: [] }]),
      answer(
        1,
        [head, { status: 200, headers: typed('application/x-git-upload-pack-advertisement') }],
        [body, Buffer.concat([encodePktLine('# service=git-upload-pack\n'), flush, encodePktLine('version 2\n'), flush])],
      ),
    ],
  },
  {
    name: 'a push with what was found in it',
    pieces: [
      ask(
        2,
        [summary, { refs: [{ ref: 'refs/heads/main', old: id('1'), new: id('2') }], commits: 1 }],
        [commit, { id: id('2'), author: { name: 'Ada', email: 'ada@example.com' }, message: 'Größe\n' }],
        [patch, change1],
        [change, { ref: 'refs/heads/main', old: id('1'), new: id('2') }],
        [patch, `diff --git a/x b/x\n${binary1}`],
        [patch, `diff --git a/y b/y\n@@ -1 +1 @@\n-GIT binary patch\n+GIT binary patch\n`],
        [head, { method: 'POST', path: '/git-receive-pack', headers: [] }],
        [body, Buffer.concat([encodePktLine(`${id('1')} ${id('2')} refs/heads/main\0report-status`), flush, Buffer.from('PACK')])],
      ),
      answer(
        2,
        [head, { status: 200, headers: typed('application/x-git-receive-pack-result') }],
        [body, Buffer.concat([onBand(2, 'Wait.\n'), onBand(1, encodePktLine('unpack ok\n')), flush])],
      ),
    ],
  },
  {
    name: 'a refusal in words, and a batch of large files',
    pieces: [
      ask(3, [head, { method: 'GET', path: '/HEAD', headers: [] }]),
      answer(3, [head, { status: 404, headers: typed('text/plain; charset=utf-8') }], [body, 'Nichts größer.\n']),
      ask(
        4,
        [head, { method: 'POST', path: '/info/lfs/objects/batch', headers: typed('application/vnd.git-lfs+json') }],
        [body, '{"operation":"upload"}'],
      ),
    ],
  },
  {
    name: 'what the gateway asks by itself',
    pieces: [
      ask(0, [own, { request: 1, purpose: 'mirror', method: 'GET', path: '/info/refs', headers: [], bytes: 0 }]),
      ask(0, [own, { request: 2, purpose: 'mirror', method: 'POST', path: '/git-upload-pack', headers: [], bytes: 4 }], [body, '0000']),
      answer(0, [own, { request: 2, purpose: 'mirror', status: 200, bytes: 12 }], [own, { request: 1, purpose: 'mirror', failed: 'gone' }]),
    ],
  },
];
