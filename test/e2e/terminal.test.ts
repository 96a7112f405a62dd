import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { ExchangeItem } from '../../src/archive/items.ts';
import { Exec, type Pod, scriptPath, startPod } from '../rig/pod.ts';
import { openWebHouse, type WebHouse } from './http-house.ts';

const skip = existsSync(scriptPath) ? false : `${scriptPath} is missing (util-linux)`;
/** Ends as soon as it is read: nobody has typed it. */
const done = 'echo d""one\r';

describe('a shell in a pod, through the gateway', { skip, timeout: 60_000 }, () => {
  let pod: Pod;
  let house: WebHouse;
  before(async () => {
    pod = await startPod();
    house = await openWebHouse({
      policies: 'permit (principal, action, resource in Connection::"cluster");',
      connections: [{ name: 'cluster', protocol: 'http', target: { url: `http://127.0.0.1:${pod.port}` } }],
    });
  });
  after(async () => {
    await house?.[Symbol.asyncDispose]();
    await pod?.[Symbol.asyncDispose]();
  });

  const open = (command: readonly string[], tty = true) =>
    Exec.open(`ws://127.0.0.1:${house.webPort}/cluster`, house.tokens.agent, command, tty);
  const ended = async (text: string): Promise<ExchangeItem> => {
    const items = await house.exchanges('connection=cluster', (all) => all.some((each) => isOf(each, text) && each.status === 'ok'));
    return items.find((each) => isOf(each, text)) ?? assert.fail();
  };
  const isOf = (item: ExchangeItem, text: string) => item.text.endsWith(`$ ${text}`);

  test('says its command, is found, replayed harmlessly, and exported as an asciicast', async () => {
    const exec = await open(['sh', '-i']);
    exec.resize(100, 30);
    await exec.shows('$ ');
    exec.type("printf '\\033[31mr\\303\\251d\\033[0m \\033]52;c;b3duZWQ=\\007'\r");
    await exec.shows('\u001b[0m');
    exec.type(done);
    await exec.shows('done');
    exec.resize(120, 40);
    exec.type('exit\r');
    await exec.over();
    const { session, ordinal } = await ended('sh -i');

    const found = await house.exchanges('q=%22r%C3%A9d%22', (items) => items.length > 0);
    assert.ok(found.some((item) => item.session === session));

    const replay = await house.cli('replay', session, '--exchange', String(ordinal), '--full');
    assert.equal(replay.code, 0, replay.stderr);
    assert.match(replay.stdout, /\(the terminal is 100 columns by 30 rows\)/);
    assert.match(replay.stdout, /typed: echo d""one␍/);
    assert.match(replay.stdout, /␛\[31mréd␛\[0m ␛\]52;c;b3duZWQ=␇/);
    assert.ok(!replay.stdout.includes('\u0007') && !replay.stdout.includes('\u001b]52'));

    for (const cast of [
      (await house.cli('export', session, '--format', 'asciicast')).stdout,
      await exported(`/api/v1/sessions/${session}/export?format=asciicast&exchange=${ordinal}`),
    ]) {
      const { header, events } = read(cast);
      assert.deepEqual([header.version, header.width, header.height], [2, 100, 30]);
      assert.match(header.title ?? '', /\$ sh -i$/);
      const of = (code: string) => events.flatMap((event) => (event[1] === code ? [event[2]] : []));
      assert.match(of('o').join(''), /\u001b\[31mréd\u001b\[0m \u001b\]52;c;b3duZWQ=\u0007[^]*done/);
      assert.ok(of('i').join('').endsWith(`${done}exit\r`));
      assert.deepEqual(of('r'), ['100x30', '120x40']);
      const times = events.map(([time]) => time);
      assert.deepEqual(
        times,
        times.toSorted((one, other) => one - other),
      );
    }
  });

  const exported = async (path: string) => {
    const answer = await fetch(`${house.gateway.console}${path}`, { headers: { authorization: `Bearer ${house.tokens.auditor}` } });
    assert.equal(answer.headers.get('content-type'), 'application/x-asciicast');
    assert.match(answer.headers.get('content-disposition') ?? '', /-\d+\.cast"$/);
    return answer.text();
  };

  test('several of a session follow one another, each behind its mark', async () => {
    for (const word of ['first', 'second']) {
      const exec = await open(['echo', word]);
      await exec.over();
    }
    await ended('echo first');
    const { session } = await ended('echo second');
    const { events } = read((await house.cli('export', session, '--format', 'asciicast')).stdout);
    const marks = events.flatMap(([, code, data]) => (code === 'm' ? [data] : []));
    assert.ok(marks.some((mark) => mark.endsWith('$ echo first')) && marks.some((mark) => mark.endsWith('$ echo second')));
  });

  test('without a terminal its streams are plain, each by its name', async () => {
    const exec = await open(['sh', '-c', 'echo out; cat; printf "\\0\\377"; echo err >&2'], false);
    await exec.shows('out');
    exec.type('typed\n');
    await exec.shows('typed');
    exec.end();
    await exec.over();
    const { session, ordinal } = await ended(`sh -c 'echo out; cat; printf "\\0\\377"; echo err >&2'`);
    const { stdout } = await house.cli('replay', session, '--exchange', String(ordinal));
    for (const word of ['stream · name stdin', 'stream · name stdout', 'stream · name stderr', 'typed', 'err', '2 bytes', 'Success'])
      assert.ok(stdout.includes(word), `${word} in ${stdout}`);
  });
});

type Event = readonly [time: number, code: string, data: string];

function read(cast: string) {
  const [header, ...events] = cast
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  return {
    header: header as { readonly version: number; readonly width: number; readonly height: number; readonly title?: string },
    events: events as readonly Event[],
  };
}
