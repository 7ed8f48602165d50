import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LossyJson, readJson, writeJson } from './json.ts';
import { linksOfFailure, linksOfSuccess, restOfChain, unsupported } from './links.ts';
import { BadMessage, type Embed, readTaskMessage, type Signature, taskMessage } from './message.ts';
import { PythonError, readResultMessage, toException } from './result.ts';

const parent = { taskId: 'p', rootId: 'r', replyTo: 'me' };
const none: Embed = { callbacks: null, errbacks: null, chain: null, chord: null };
const route = (task: string) => `queue of ${task}`;
const bodyOf = (message: ReturnType<typeof taskMessage>) => JSON.parse(message.body.toString());

const raw = (headers: Record<string, unknown>, body: unknown, more: Record<string, unknown> = {}) => ({
  content: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  properties: { headers, contentType: 'application/json', contentEncoding: 'utf-8', ...more },
});
const head = { task: 't', id: 'i' };

test('a task message that we write is one that we read', () => {
  const { body, options } = taskMessage({
    taskId: 'i',
    task: 'lab.spin',
    args: [1, 'ü'],
    kwargs: { a: null },
    replyTo: 'answers',
    retries: 2,
    eta: '2026-11-22T08:00:00.123456+00:00',
    timeLimit: [20, 10],
    priority: 5,
  });
  assert.equal(options.correlationId, 'i');
  assert.deepEqual(JSON.parse(body.toString())[2], none);
  assert.deepEqual(readTaskMessage({ content: body, properties: options }), {
    taskId: 'i',
    task: 'lab.spin',
    args: [1, 'ü'],
    kwargs: { a: null },
    embed: none,
    replyTo: 'answers',
    correlationId: 'i',
    rootId: 'i',
    retries: 2,
    eta: new Date('2026-11-22T08:00:00.123Z'),
    expires: null,
    timeoutMs: 10_000,
    priority: 5,
  });
});

for (const [what, message, fault] of [
  ['no headers', raw({}, [[], {}, {}]), /no task and id/],
  ['protocol 1', raw({}, { task: 't', id: 'i', args: [], kwargs: {} }), /no task and id/],
  ['a long id', raw({ task: 't', id: 'i'.repeat(201) }, [[], {}, {}]), /no task and id/],
  ['pickle', raw(head, '', { contentType: 'application/x-python-serialize' }), /task_serializer/],
  ['base64', raw(head, [[], {}, {}], { contentEncoding: 'base64' }), /utf-8/],
  ['compressed', raw({ ...head, compression: 'gzip' }, [[], {}, {}]), /compressed/],
  ['no JSON', raw(head, '{'), /cannot be taken/],
  ['NaN', raw(head, '[[NaN],{},{}]'), /cannot be taken/],
  ['no list', raw(head, {}), /args, kwargs, embed/],
  ['a whole number too large', raw(head, '[[9007199254740993],{},{}]'), /kept exactly/],
  ['a float too large', raw(head, '[[1e999],{},{}]'), /kept exactly/],
  ['NUL', raw(head, '[["a\\u0000"],{},{}]'), /cannot be stored/],
  ['half a pair', raw(head, '[[{"\\ud800": 1}],{},{}]'), /cannot be stored/],
  ['a strange chain', raw(head, [[], {}, { chain: [7] }]), /list of signatures/],
  ['no time', raw({ ...head, eta: 'soon' }, [[], {}, {}]), /eta is no time/],
] as const)
  test(`refused: ${what}`, () => {
    assert.throws(
      () => readTaskMessage(message),
      (error) => error instanceof BadMessage && fault.test(error.message),
    );
  });

test('numbers and texts that are kept exactly pass', () => {
  const text = '[9007199254740991, -1.2345678901234567, 1e21, "\\\\u0000", "\\ud83e\\uddea", 1e-999]';
  assert.deepEqual(readJson(text), [9007199254740991, -1.2345678901234567, 1e21, '\\u0000', '🧪', 0]);
  assert.throws(() => writeJson({ '\0': 1 }), LossyJson);
});

test('a time without a zone is UTC', () => {
  const { expires } = readTaskMessage(raw({ ...head, expires: '2026-11-22T08:00:00' }, [[], {}, {}]));
  assert.deepEqual(expires, new Date('2026-11-22T08:00:00Z'));
});

test('the next link of a chain takes the result first, the rest of the chain and the family', () => {
  const sig = (task: string, more: Partial<Signature> = {}): Signature => ({ task, args: ['own'], ...more });
  const chain = [sig('third'), sig('second', { options: { task_id: 's', queue: 'q', reply_to: 'client' } })];
  const [link] = linksOfSuccess({ ...none, chain }, 42, parent, route);
  assert.ok(link);
  assert.equal(link.queue, 'q');
  assert.partialDeepStrictEqual(link.message.options, {
    correlationId: 's',
    replyTo: 'client',
    headers: { task: 'second', id: 's', root_id: 'r', parent_id: 'p' },
  });
  assert.deepEqual(bodyOf(link.message), [[42, 'own'], {}, { ...none, chain: [sig('third')] }]);
  const [plain] = linksOfSuccess({ ...none, chain: [sig('x', { immutable: true })] }, 42, parent, route);
  assert.ok(plain);
  assert.deepEqual(bodyOf(plain.message)[0], ['own']);
  assert.equal(plain.message.options.replyTo, 'me', 'kept where the link names none');
  assert.equal(plain.queue, 'queue of x');
});

test('nested chains and groups are taken apart', () => {
  const nested = (kind: string, tasks: Signature[]): Signature => ({
    task: `celery.${kind}`,
    subtask_type: kind,
    kwargs: { tasks },
  });
  const [a, b, c] = ['a', 'b', 'c'].map((task) => ({ task, options: { task_id: task, reply_to: 'z' } }));
  assert.ok(a && b && c);
  const [first] = linksOfSuccess({ ...none, chain: [c, nested('chain', [a, b])] }, 1, parent, route);
  assert.deepEqual(first && bodyOf(first.message)[2].chain, [c, b]);
  const both = linksOfSuccess({ ...none, chain: [nested('group', [a, b])] }, 1, parent, route);
  assert.deepEqual(
    both.map(({ taskId }) => taskId),
    ['a', 'b'],
  );
  assert.deepEqual(restOfChain({ ...none, chain: [nested('group', [a, b]), c, { task: 'mute' }] }), [
    { taskId: 'a', replyTo: 'z' },
    { taskId: 'b', replyTo: 'z' },
    { taskId: 'c', replyTo: 'z' },
  ]);
  assert.equal(unsupported({ ...none, chain: [nested('group', [a])] }), null);
  assert.match(unsupported({ ...none, chain: [nested('group', [nested('chord', [])])] }) ?? '', /chords/);
});

test('an errback in the old style takes the id of the task', () => {
  const [link] = linksOfFailure({ ...none, errbacks: [{ task: 'mourn', args: ['x'] }] }, parent, route);
  assert.deepEqual(link && bodyOf(link.message)[0], ['p', 'x']);
});

test('exceptions go over both ways', () => {
  const error = new PythonError(
    { exc_type: 'KeyError', exc_message: ['tray', 4], exc_module: 'builtins' },
    'Traceback…',
  );
  assert.deepEqual([error.name, error.message, error.stack], ['KeyError', 'tray, 4', 'Traceback…']);
  assert.deepEqual(toException(error), {
    exc_type: 'KeyError',
    exc_message: ['tray, 4'],
    exc_module: 'builtins',
  });
  assert.equal(toException({ name: 'not a name!', message: '' }).exc_type, 'Error');
});

test('a result that we cannot keep is a failure that says so; what is no result is none', () => {
  const properties = { correlationId: 'i' };
  const big = Buffer.from('{"task_id":"i","status":"SUCCESS","result":12345678901234567890}');
  assert.partialDeepStrictEqual(readResultMessage({ content: big, properties }), {
    taskId: 'i',
    status: 'FAILURE',
    result: { exc_type: 'UnreadableResult' },
  });
  assert.equal(readResultMessage({ content: Buffer.from('7'), properties }), undefined);
  assert.equal(readResultMessage({ content: Buffer.from('x'), properties: {} }), undefined);
});
