import { after, before, describe } from 'node:test';
import type { Db } from '@labwright/kernel/db';
import type { Transport } from '../transport.ts';
import { testClaims } from './claims.ts';
import { testLimits } from './limits.ts';
import { testWorkers } from './workers.ts';

/** A transport to test, on a database with the tables of the jobs. */
export interface TransportUnderTest {
  db: Db;
  /** The transport as a process of its own has it. */
  open(): Transport;
  /** Begins to carry a queue, where the transport does not carry each by itself. Answers how to end it. */
  carry(queue: string): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Hands out what a test needs, once it runs. */
export type Get = () => TransportUnderTest;

/** What every transport promises. `setUp` is called once. */
export function testTransport(name: string, setUp: () => Promise<TransportUnderTest>): void {
  describe(`jobs by way of ${name}`, () => {
    let under: TransportUnderTest | undefined;
    before(async () => {
      under = await setUp();
    });
    after(() => under?.close());
    const get: Get = () => {
      if (!under) throw new Error('the transport is not set up');
      return under;
    };
    testClaims(get);
    testWorkers(get);
    testLimits(get);
  });
}
