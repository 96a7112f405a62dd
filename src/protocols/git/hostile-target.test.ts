import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { encodePktLine, flush } from '../../wire/pkt-line.ts';
import { type GitTrial, openTrial } from './testing/trial.ts';

type Before = (request: IncomingMessage, response: ServerResponse) => boolean;

const advertisement = 'application/x-git-upload-pack-advertisement';
const id = 'a'.repeat(40);

/** Answers what asks for refs with these bytes, and passes everything else. */
function refsOf(service: string, body: Buffer, type = `application/x-${service}-advertisement`, status = 200): Before {
  return (request, response) => {
    if (!request.url?.endsWith(`service=${service}`)) return false;
    response.writeHead(status, { 'content-type': type, ...(status === 302 ? { location: 'http://169.254.169.254/x' } : {}) }).end(body);
    return true;
  };
}

const advertised = (...lines: readonly string[]) =>
  Buffer.concat([encodePktLine('# service=git-upload-pack\n'), flush, ...lines.map((line) => encodePktLine(line)), flush]);

describe('a target that is not what it should be', () => {
  let trial: GitTrial;
  let work: string;
  before(async () => {
    trial = await openTrial({}, { mirror: '1MiB' });
    work = await trial.clone('work');
    await trial.commit(work, { 'begin.txt': 'b\n' });
    await trial.must(work, 'push', '--quiet', 'origin', 'HEAD:main');
  });
  after(() => trial?.[Symbol.asyncDispose]());

  async function against(answer: Before, ...args: string[]): Promise<string> {
    trial.server.before = answer;
    try {
      const { code, out } = await trial.git(work, ...args);
      assert.notEqual(code, 0, out);
      return out;
    } finally {
      trial.server.before = null;
    }
  }

  for (const [name, answer, says] of [
    ['wants other credentials', refsOf('git-upload-pack', Buffer.from('who?'), 'text/plain', 401), /refuses the gateway’s credentials/],
    ['forbids it', refsOf('git-upload-pack', Buffer.from('no'), 'text/plain', 403), /refuses the gateway’s credentials/],
    ['does not know the repository', refsOf('git-upload-pack', Buffer.from('no'), 'text/plain', 404), /no such repository/],
    ['sends elsewhere', refsOf('git-upload-pack', Buffer.alloc(0), 'text/plain', 302), /somewhere else/],
    ['is a web page', refsOf('git-upload-pack', Buffer.from('<html>'), 'text/html'), /not git’s protocol/],
    ['breaks off', (request, response) => (request.url?.includes('info/refs') ? (response.destroy(), true) : false), /could not be asked/],
  ] as const satisfies readonly (readonly [string, Before, RegExp])[])
    test(`which ${name}: a fetch is refused in words, and no question for a password comes through`, async () => {
      const out = await against(answer, 'ls-remote', 'origin');
      assert.match(out, says);
      assert.doesNotMatch(out, /Username|terminal prompts/);
    });

  for (const [name, body] of [
    ['no lines', Buffer.from('not pkt-lines at all')],
    ['a line without end', Buffer.from('fff0abc')],
    ['another service', Buffer.concat([encodePktLine('# service=git-upload-archive\n'), flush])],
    ['a ref without a name', advertised(`${id}\0 side-band-64k`)],
    ['an object format that nobody knows', advertised(`${id} refs/heads/x\0object-format=md5`)],
    ['only a part of the history', advertised(`${id} refs/heads/x\0 side-band-64k`, `shallow ${id}`)],
    ['objects that it does not have', advertised(`${id} refs/heads/x\0 side-band-64k`)],
  ] as const)
    test(`which advertises ${name}: a push is refused, since what it changes cannot be told`, async () => {
      await trial.commit(work, { 'more.txt': `${name}\n` });
      const out = await against(refsOf('git-upload-pack', body, advertisement), 'push', 'origin', 'HEAD:main');
      assert.match(out, /Chaperone TARGET_FAULT/);
      await trial.swept();
    });

  test('which names refs that lead out of the mirror: they are left out of it', async () => {
    const { 'refs/heads/main': main = '' } = await trial.refs();
    const body = advertised(`${main} refs/heads/main\0side-band-64k`, `${main} refs/heads/../../../escaped`, `${main} refs/heads/x.lock`);
    trial.server.before = refsOf('git-upload-pack', body, advertisement);
    await trial.commit(work, { 'led.txt': 'x\n' });
    const { code, out } = await trial.git(work, 'push', 'origin', 'HEAD:main');
    trial.server.before = null;
    assert.equal(code, 0, out);
  });

  test('which sends without end: the mirror takes so much and no more', async () => {
    const head = (await trial.must(trial.repository, 'rev-parse', 'main')).trim();
    const other = (await trial.must(trial.repository, 'commit-tree', '-p', head, '-m', 'More', `${head}^{tree}`)).trim();
    await trial.must(trial.repository, 'update-ref', 'refs/heads/other', other);
    await trial.commit(work, { 'endless.txt': 'x\n' });
    const endless: Before = (request, response) => {
      if (request.url?.endsWith('git-upload-pack') !== true || request.method !== 'POST') return false;
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
      response.write(encodePktLine('NAK\n'));
      const more = () => {
        while (!response.destroyed && response.write(encodePktLine(Buffer.concat([Buffer.from([2]), Buffer.alloc(60_000, '.')]))));
      };
      response.on('drain', more);
      more();
      return true;
    };
    const out = await against(endless, 'push', 'origin', 'HEAD:main');
    assert.match(out, /TARGET_FAULT/);
    await trial.swept();
    assert.equal((await trial.git(work, 'push', '--quiet', 'origin', 'HEAD:main')).code, 0);
  });

  test('which answers a push by what is no report: that is an error on record', async () => {
    await trial.commit(work, { 'unreported.txt': 'x\n' });
    const odd: Before = (request, response) => {
      if (request.url?.endsWith('git-receive-pack') !== true || request.method !== 'POST') return false;
      request.resume();
      request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-git-receive-pack-result' }).end('0008oops'));
      return true;
    };
    await against(odd, 'push', 'origin', 'HEAD:main');
    const outcome = trial.plane.entries().findLast((entry) => entry.kind === 'outcome');
    assert.equal(outcome?.outcome.status, 'error');
    await trial.swept();
  });
});

describe('a connection whose data is masked', () => {
  test('gives nothing to those who may not unmask it, and says so', async () => {
    await using trial = await openTrial({ masking: { detectors: [{ detect: ['email'], action: 'redact' }] } });
    const { code, out } = await trial.git(trial.folder, 'ls-remote', trial.url);
    assert.notEqual(code, 0);
    assert.match(out, /nothing can be masked in what git fetches/);
    assert.deepEqual(trial.server.requests, []);
  });
});
