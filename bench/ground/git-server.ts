import { startGitServer } from '../../src/protocols/git/testing/git-server.ts';

/** The target of the stage `git`, in a process of its own: `git http-backend` behind a web server. Says where it is, and stays. */
const [, , password = '', ...names] = process.argv;
const server = await startGitServer(password);
process.on('SIGTERM', () => void server.stop().then(() => process.exit(0)));
for (const name of names) server.createRepository(name);
console.log(JSON.stringify({ port: server.port }));
