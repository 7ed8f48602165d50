import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { oneLine } from '../text.ts';
import {
  type Item,
  type Message,
  type NotificationChannel,
  TryLater,
  Uncertain,
  Undeliverable,
} from './channel.ts';

/** What the other side has, as far as every channel carries it. */
export interface Received {
  /** All that a person reads of the message, in one text. */
  text: string;
}

/** A channel with the other side in the hands of the test. */
export interface ChannelHarness {
  readonly channel: NotificationChannel;
  /** Where the other side takes messages. */
  readonly address: string;
  /** What it took so far, oldest first. */
  received(): Promise<Received[]>;
  /** Makes an event that a message may tell; the channels that keep only its id look it up. */
  prepare(item: Item): Promise<void>;
  /** From now on it takes nothing, for a while or for good. Absent: it is a table of ours, which always does. */
  readonly refuse?: (how: 'for now' | 'for good') => void;
  readonly accept?: () => void;
  /** It takes the connection, and says nothing more. */
  readonly hang?: () => void;
  close(): Promise<void>;
}

export const anItem = (given: Partial<Item> = {}): Item => ({
  event_id: randomUUID(),
  type: 'workflow.failed',
  severity: 'warning',
  title: 'PCR 7 failed',
  text: 'Step 2 (dispense) failed: the tip is clogged',
  link: 'https://lab.example/workflows/w1',
  subject: { workflow_id: 'w1' },
  occurred_at: '2026-01-10T12:00:00.000Z',
  ...given,
});

/** The promises of `NotificationChannel`, for every channel. */
export function channelConformance(name: string, open: () => Promise<ChannelHarness>): void {
  describe(`NotificationChannel: ${name}`, () => {
    let harness: ChannelHarness;
    before(async () => {
      harness = await open();
    });
    after(() => harness.close());

    const message = async (
      items: readonly [Item, ...Item[]],
      more: Partial<Message> = {},
    ): Promise<Message> => {
      for (const item of items) await harness.prepare(item);
      return {
        id: randomUUID(),
        kind: 'single',
        to: { person_id: 'p1', name: 'Ada Lovelace', address: harness.address, secret: null },
        items,
        more: 0,
        again: false,
        ...more,
      };
    };
    const send = (what: Message, signal = new AbortController().signal) => harness.channel.send(what, signal);
    const refusal = async (what: Message, signal?: AbortSignal): Promise<Error> =>
      send(what, signal).then(
        () => assert.fail('it was taken'),
        (error: Error) => error,
      );
    const newOnes = async (work: () => Promise<void>): Promise<Received[]> => {
      const before = (await harness.received()).length;
      await work();
      return (await harness.received()).slice(before);
    };

    test('what was taken is there, once, with its title, its text and its link', async () => {
      const item = anItem();
      const found = await newOnes(async () => send(await message([item])));
      assert.equal(found.length, 1);
      for (const part of [item.title, item.text, item.link ?? ''])
        assert.ok(found[0]?.text.includes(part), `${part} in ${found[0]?.text}`);
    });

    test('a message that is sent twice arrives once, where the channel says that it is repeatable', async () => {
      const twice = await message([anItem({ title: 'Twice' })]);
      const found = await newOnes(async () => {
        await send(twice);
        await send(twice);
      });
      assert.equal(found.length, harness.channel.repeatable ? 1 : 2);
    });

    test('a digest tells each of its events, and how many it leaves out', async () => {
      const items = [1, 2, 3].map((n) => anItem({ title: `Run ${n} failed` })) as [Item, Item, Item];
      const found = await newOnes(async () => send(await message(items, { kind: 'digest', more: 40 })));
      const all = found.map(({ text }) => text).join('\n');
      for (const { title } of items) assert.ok(all.includes(title), `${title} in ${all}`);
    });

    test('text that would mean something to the other side arrives as text', async () => {
      const hostile = [
        'x\r\nBcc: victim@example.org\r\n\r\nbody',
        '<!channel> <https://evil.example|click> & <script>alert(1)</script>',
        `{"a": "\u2028"} \u0007 \u202e 漢字 🧪 ${'long '.repeat(2_000)}`,
        '.\r\n.\r\nMAIL FROM:<x@example.org>',
      ];
      for (const text of hostile) {
        const found = await newOnes(async () =>
          send(await message([anItem({ text, title: oneLine(text).slice(0, 200) })])),
        );
        assert.equal(found.length, 1, JSON.stringify(text.slice(0, 40)));
      }
    });

    test('asked to stop before it begins, it sends nothing', async () => {
      const reason = AbortSignal.abort(new Error('we stop'));
      const found = await newOnes(async () => {
        await refusal(await message([anItem({ title: 'Too late' })]), reason);
      });
      assert.deepEqual(found, []);
    });

    test('refused for now: it says so, and takes it later; refused for good: it says that', async (context) => {
      const { refuse, accept } = harness;
      if (!refuse || !accept) return context.skip('a table of ours takes everything');
      const what = await message([anItem({ title: 'Again' })]);
      refuse('for now');
      const error = await refusal(what);
      assert.ok(
        !(error instanceof Undeliverable) && !(error instanceof Uncertain),
        `${error.name}: ${error.message}`,
      );
      if (error instanceof TryLater) assert.ok(error.afterMs > 0);
      refuse('for good');
      const final = await refusal(what);
      assert.ok(final instanceof Undeliverable, `${final.name}: ${final.message}`);
      accept();
      assert.equal((await newOnes(() => send(what))).length, 1);
    });

    test('the other side says nothing: it ends with the signal, and does not say that nothing was sent', async (context) => {
      if (!harness.hang || !harness.accept) return context.skip('a table of ours answers');
      harness.hang();
      const stop = new AbortController();
      const what = await message([anItem({ title: 'Into the dark' })]);
      setTimeout(() => stop.abort(new Error('had enough')), 300);
      const error = await refusal(what, stop.signal);
      assert.ok(!(error instanceof Undeliverable), `${error.name}: ${error.message}`);
      harness.accept();
    });
  });
}
