import type pg from 'pg';

/** Milliseconds that a server has to end a connection that we say farewell to. */
export const farewellMs = 5_000;

/** Ends a connection whose server does not: one that hangs would never let go of us. */
export function hangUp(client: pg.ClientBase): void {
  const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
  connection?.stream?.destroy();
}
