// Carries each connection to the port that it is given, and says which port it listens on.
import { type AddressInfo, connect, createServer } from 'node:net';

const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ host: '127.0.0.1', port: Number(process.argv[2]), noDelay: true });
  near.pipe(far);
  far.pipe(near);
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
