import type { Socket as Connection } from 'engine.io';

/**
 * Cuts off a socket that does not read. What waits for it would otherwise fill the memory: its client comes back and goes on
 * from the last change that it has seen, so nothing is lost.
 */
export function cutOffWhenBehind(
  connection: Connection,
  most: { frames: number; bytes: number },
  onCut: () => void,
): void {
  /** Handed to the transport, and not yet taken by the system; and what waits until it is. */
  let sending = 0;
  let waiting = { frames: 0, bytes: 0 };
  let cut = false;
  connection.on('packetCreate', (packet: Packet) => {
    waiting.frames += 1;
    waiting.bytes += sizeOf(packet);
    if (cut || (waiting.frames <= most.frames && sending + waiting.bytes <= most.bytes)) return;
    cut = true;
    onCut();
    terminate(connection);
  });
  connection.on('flush', (packets: readonly Packet[]) => {
    sending = packets.reduce((sum, packet) => sum + sizeOf(packet), 0);
    waiting = { frames: 0, bytes: 0 };
  });
}

interface Packet {
  readonly data?: unknown;
}

const sizeOf = ({ data }: Packet): number => (typeof data === 'string' ? Buffer.byteLength(data) : 0) + 16;

/** Ends a connection at once: a word of farewell would stand in the same line as all that it has not read. */
export function terminate(connection: Connection): void {
  const { socket } = connection.transport as unknown as { socket: { terminate(): void } };
  setImmediate(() => socket.terminate());
}
