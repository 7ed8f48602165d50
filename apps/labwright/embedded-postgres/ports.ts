import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { EmbeddedPostgresError, errorCode } from './errors.ts';

/** The server is reached from this machine alone. */
export const host = '127.0.0.1';

/**
 * Below the range from which systems take ports for outgoing connections, so that a remembered port is
 * still free at the next start.
 */
const pickedPorts = { from: 20_000, to: 30_000 };

/** Whether a server could listen on that loopback port now. Throws `not_permitted` for a privileged port. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await tryListening(port)) !== undefined;
}

/** A loopback port that is free now. */
export async function pickPort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = randomInt(pickedPorts.from, pickedPorts.to);
    if (await isPortFree(port)) return port;
  }
  const port = await tryListening(0);
  if (port === undefined) throw new EmbeddedPostgresError('port_taken', `No free port on ${host}.`);
  return port;
}

function tryListening(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if (errorCode(error) === 'EADDRINUSE') resolve(undefined);
      else if (errorCode(error) === 'EACCES') {
        reject(new EmbeddedPostgresError('not_permitted', `Port ${port} is reserved: give one above 1023.`));
      } else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
