import { connect } from 'amqplib';
import pg from 'pg';
import { floorEngine } from '../engines/floor.ts';

const batch = 500;

/** The least that publishes committed rows: claim a batch, publish the ids, wait for the confirms, claim the next. */
export async function openLoop(databaseUrl: string, url: string, queue: string) {
  const floor = floorEngine(databaseUrl);
  await floor.setUp();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const model = await connect(url, { noDelay: true });
  const channel = await model.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  const claim = {
    name: 'send',
    text: `UPDATE floor_jobs SET state = 3
           WHERE id = ANY (ARRAY (SELECT id FROM floor_jobs WHERE queue = 'q' AND state = 0
             ORDER BY priority, id LIMIT ${batch} FOR UPDATE SKIP LOCKED))
           RETURNING id`,
  };
  return {
    fill: floor.enqueueMany,
    relay: async () => {
      for (;;) {
        const { rows } = await client.query(claim);
        if (rows.length === 0) return;
        for (const { id } of rows) channel.sendToQueue(queue, Buffer.from(id), { persistent: true });
        await channel.waitForConfirms();
      }
    },
    purge: async () => {
      await channel.purgeQueue(queue);
    },
  };
}
