import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePorts } from '../rig/gateway.ts';
import { type Ran, run } from './house.ts';

const program = resolve(import.meta.dirname, '../../bin/chaperone.js');

interface Text {
  readonly config: string;
  readonly policy: string;
}

interface Mistake {
  readonly name: string;
  /** Makes the mistake in what is in order. */
  readonly make: (text: Text) => Text;
  /** Where the message must point: a file and a word that stands in the line. */
  readonly file: 'chaperone.yaml' | 'policies/rules.cedar';
  readonly line: string;
  readonly message: RegExp;
  readonly remedy: RegExp;
}

let folder = '';
let ports: readonly number[] = [];

function inOrder([consolePort, port]: readonly number[]): Text {
  return {
    config: `state: ./state
listen:
  console: { address: 127.0.0.1:${consolePort} }
  postgres: { address: 127.0.0.1:${port} }
  tls: { insecureLoopback: true }
identity:
  issuers:
    - issuer: https://login.example.com
      audience: chaperone
connections:
  - name: orders
    protocol: postgres
    target: { host: 127.0.0.1, port: 5432, database: shop, tls: off }
    credentials:
      user: shop_app
      password: { env: SECRET_OF_THE_TEST }
    retention: 90d
`,
    policy: `// Who may connect.
@id("engineers")
permit (principal in Group::"engineering", action == Action::"connect", resource == Connection::"orders");
`,
  };
}

function inConfig(from: string, to: string): Mistake['make'] {
  return ({ config, policy }) => {
    assert.ok(config.includes(from));
    return { config: config.replace(from, to), policy };
  };
}

function inPolicy(from: string, to: string): Mistake['make'] {
  return ({ config, policy }) => {
    assert.ok(policy.includes(from));
    return { config, policy: policy.replace(from, to) };
  };
}

const yaml = 'chaperone.yaml';
const cedar = 'policies/rules.cedar';
const mistakes: readonly Mistake[] = [
  {
    name: 'an unknown key',
    make: inConfig('retention:', 'retentoin:'),
    file: yaml,
    line: 'retentoin',
    message: /unknown key "retentoin"/,
    remedy: /Did you mean "retention"\?/,
  },
  {
    name: 'a wrong type',
    make: inConfig('port: 5432', 'port: many'),
    file: yaml,
    line: 'port: many',
    message: /connections\[0\]\.target\.port: expected a port number/,
    remedy: /quotes/,
  },
  {
    name: 'a secret whose variable is not set',
    make: inConfig('SECRET_OF_THE_TEST', 'NOT_SET_ANYWHERE'),
    file: yaml,
    line: 'NOT_SET_ANYWHERE',
    message: /the environment variable NOT_SET_ANYWHERE is not set/,
    remedy: /Set it before Chaperone is started/,
  },
  {
    name: 'a secret whose file is missing',
    make: inConfig('env: SECRET_OF_THE_TEST', 'file: ./no-such-file'),
    file: yaml,
    line: 'no-such-file',
    message: /no-such-file/,
    remedy: /./,
  },
  {
    name: 'a secret in the configuration itself',
    make: inConfig('{ env: SECRET_OF_THE_TEST }', 'hunter2-in-plain-sight'),
    file: yaml,
    line: 'hunter2',
    message: /a secret may not stand in the configuration/,
    remedy: /\{ env: NAME \}/,
  },
  {
    name: 'a protocol that does not exist',
    make: inConfig('protocol: postgres', 'protocol: postgers'),
    file: yaml,
    line: 'postgers',
    message: /there is no protocol "postgers"/,
    remedy: /Did you mean "postgres"\?/,
  },
  {
    name: 'bad YAML',
    make: inConfig('  - name: orders', '  - name: [orders'),
    file: yaml,
    line: '',
    message: /not valid YAML/,
    remedy: /Correct the YAML/,
  },
  {
    name: 'bad Cedar',
    make: inPolicy('permit (principal', 'permit principal'),
    file: cedar,
    line: 'permit principal',
    message: /./,
    remedy: /./,
  },
  {
    name: 'a policy about what is not there',
    make: inPolicy('Action::"connect"', 'Action::"conect"'),
    file: cedar,
    line: 'conect',
    message: /unrecognized action `Action::"conect"`/,
    remedy: /Known here: connect, /,
  },
];

const chaperone = (command: string, ...more: readonly string[]): Promise<Ran> =>
  run(process.execPath, [program, command, '--config', yaml, ...more], { cwd: folder, env: { SECRET_OF_THE_TEST: 'known-to-nobody' } });

async function write({ config, policy }: Text): Promise<void> {
  await writeFile(join(folder, yaml), config);
  await writeFile(join(folder, cedar), policy);
}

/** Null where nothing listens. */
async function listening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  const answer = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false);
  socket.destroy();
  return answer;
}

describe('a mistake in the configuration', { timeout: 120_000 }, () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chaperone-configuration-'));
    await mkdir(join(folder, 'policies'));
    ports = await freePorts(2);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('what is in order is said to be, and nothing is started', async () => {
    await write(inOrder(ports));
    const { code, out, err } = await chaperone('check');
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /is in order/);
    assert.ok(!existsSync(join(folder, 'state')));
  });

  for (const [index, { name, make, file, line, message, remedy }] of mistakes.entries())
    test(name, async () => {
      const made = make(inOrder(ports));
      await write(made);
      const lines = (file === yaml ? made.config : made.policy).split('\n');
      const at = lines.findIndex((each) => each.includes(line)) + 1;
      // One command tells it in words and the other as JSON, turn by turn: each start costs a second.
      const [telling, structured] = index % 2 === 0 ? (['serve', 'check'] as const) : (['check', 'serve'] as const);
      const [said, json] = await Promise.all([chaperone(telling), chaperone(structured, '--json')]);
      assert.deepEqual([said.code, json.code], [2, 2], said.out + said.err + json.out + json.err);
      // What `check` finds is its result; for `serve` it is why there is none.
      const [text, nothing] = telling === 'check' ? [said.out, said.err] : [said.err, said.out];
      assert.equal(nothing, '');
      const [first = '', second = '', ...rest] = text.split('\n');
      const [, path = '', number, words = ''] = /^(.*?):(\d+): (.*)$/.exec(first) ?? [];
      assert.ok(path.endsWith(file), `${telling}: ${text}`);
      if (line !== '') assert.equal(Number(number), at, text);
      assert.match(words, message);
      assert.match(second, /^ {2}→ /);
      assert.match(second, remedy);
      assert.equal(rest.join('').trim(), '', `${telling} says more than one thing: ${text}`);
      assert.doesNotMatch(said.out + said.err, /hunter2|known-to-nobody/);
      const { problems } = JSON.parse(json.out + json.err) as {
        problems: { file: string; line: number; message: string; remedy: string }[];
      };
      assert.equal(problems.length, 1);
      assert.deepEqual([problems[0]?.file, problems[0]?.line, problems[0]?.message], [path, Number(number), words]);
      assert.ok(!existsSync(join(folder, 'state')), 'a state folder was made');
      for (const port of ports) assert.equal(await listening(port), false);
    });

  test('a port in use ends the gateway, which says which', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    try {
      // A server that listens on TCP has such an address.
      const { port } = taken.address() as AddressInfo;
      const [consolePort = 0] = ports;
      await write(inOrder([consolePort, port]));
      const { code, out, err } = await chaperone('serve');
      assert.equal(code, 1, out + err);
      assert.match(err, new RegExp(`127\\.0\\.0\\.1:${port}`));
      assert.match(err, /in use/i);
      assert.equal(await listening(consolePort), false);
    } finally {
      taken.close();
    }
  });
});
