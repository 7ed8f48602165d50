import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandTable } from '../commands/index.ts';
import type { CommandTable } from './command.ts';
import { command } from './define.ts';
import { nearest } from './did-you-mean.ts';
import { runCommandLine } from './run.ts';
import { testTerminal } from './testing.ts';
import { wrap } from './wrap.ts';

/** A table of our own: what is tested is how command lines are read. */
const given: unknown[] = [];
const table: CommandTable = {
  groups: [{ name: 'robot', summary: 'the robots' }],
  commands: [
    command({
      name: 'robot move',
      summary: 'move one',
      arguments: [
        { name: 'ROBOT', doc: 'which one' },
        { name: 'PLACE', doc: 'where to', optional: true },
      ],
      options: {
        speed: { type: 'string', short: 's', value: 'N', doc: 'how fast' },
        wait: { type: 'boolean', doc: 'until it is there' },
        json: { type: 'boolean', doc: 'for programs' },
        url: { type: 'string', value: 'URL', doc: 'where' },
      },
      examples: [{ line: 'robot move r2 --speed 3', says: 'slowly' }],
      exitCodes: { 9: 'it fell over' },
      run: async ({ values, words }) => {
        given.push({ values: { ...values }, words });
        return 9;
      },
    }),
    command({
      name: 'robots',
      summary: 'all of them',
      options: {},
      examples: [],
      run: async () => {
        throw new Error('The robots are on strike.');
      },
    }),
  ],
};

async function run(...args: string[]) {
  const terminal = testTerminal();
  const code = await runCommandLine(table, args, terminal);
  return { code, said: terminal.said(), told: terminal.told() };
}

test('options and arguments arrive as they are described, and the exit code is passed on', async () => {
  assert.equal((await run('robot', 'move', 'r2', '-s', '3', '--wait', '--no-color')).code, 9);
  assert.deepEqual(given.pop(), { values: { speed: '3', wait: true }, words: ['r2'] });
});

test('general options stand anywhere: before the command, between its words, behind it', async () => {
  for (const args of [
    ['--json', '--url', 'http://x', 'robot', 'move', 'r2'],
    ['robot', '--url=http://x', 'move', '--json', 'r2'],
    ['--no-color', 'robot', '--json', 'move', 'r2', '--url', 'http://x'],
  ]) {
    assert.equal((await run(...args)).code, 9, args.join(' '));
    assert.deepEqual(given.pop(), { values: { json: true, url: 'http://x' }, words: ['r2'] });
  }
  assert.match((await run('--url', 'http://x', 'robot', 'move', '--help')).said, /^labwright robot move/);
  assert.match((await run('--json', 'robots')).told, /"robots" has no option --json/);
});

test('a number below zero is a value, and what begins with a dash otherwise is none', async () => {
  await run('robot', 'move', 'r2', '-s', '-5');
  assert.deepEqual(given.pop(), { values: { speed: '-5' }, words: ['r2'] });
  for (const args of [
    ['robot', 'move', 'r2', '--speed', '--wait'],
    ['robot', 'move', 'r2', '-s'],
  ])
    assert.match((await run(...args)).told, /^(--speed|-s) needs a value, N: how fast\./);
});

test('what is not understood: one sentence with what was meant, where to read on, and 2', async () => {
  for (const [args, said] of [
    [['robto', 'move'], /^There is no command "robto"\. Did you mean "robot"\?/],
    [['robot', 'mvoe'], /^"robot" has no command "mvoe"\. Did you mean "move"\?/],
    [['--ulr', 'x', 'robots'], /^There is no option --ulr\. Did you mean --url\?/],
    [['--speed', '3', 'robot', 'move'], /^--speed stands before the command\. It belongs behind it/],
    [['xylophone'], /^There is no command "xylophone"\.\n/],
    [['robot', 'move'], /^"robot move" needs ROBOT: which one\./],
    [['robot', 'move', 'a', 'b', 'c'], /takes ROBOT PLACE, and "c" is one too many/],
    [['robots', 'x'], /"robots" takes no argument, and "x" is one/],
    [['robot', 'move', 'a', '--sped', '3'], /has no option --sped\. Did you mean --speed\?/],
    [['robot', 'move', 'a', '-x'], /has no option -x\./],
    [['robot', 'move', 'a', '--speed'], /--speed/],
    [['robot', 'move', 'a', '--wait=yes'], /--wait/],
    [['help', 'robto'], /There is no command "robto"/],
  ] as const) {
    const { code, said: out, told } = await run(...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(told, said);
    assert.match(told, /\nSee labwright help/);
    assert.equal(out, '');
  }
  assert.equal(given.length, 0);
});

test('a group alone shows what it has, on standard error, and 2', async () => {
  const { code, said, told } = await run('robot');
  assert.equal(code, 2);
  assert.equal(said, '');
  assert.match(told, /labwright robot move ROBOT \[PLACE\] \[options\]/);
});

test('a failure is one sentence on standard error, and 1', async () => {
  const { code, said, told } = await run('robots');
  assert.deepEqual([code, said, told], [1, '', 'The robots are on strike.\n']);
});

test('help: of everything, of a group, of a command, and by --help anywhere before two dashes', async () => {
  for (const args of [[], ['help'], ['--help']]) {
    const { code, said } = await run(...args);
    assert.equal(code, 0);
    assert.match(said, /robot {3}the robots\n {2}robots {2}all of them/);
  }
  const page = (await run('help', 'robot', 'move')).said;
  for (const part of [
    /^labwright robot move: move one\./,
    /Usage\n {2}labwright robot move ROBOT \[PLACE\] \[options\]/,
    /ROBOT {2}which one/,
    /-s, --speed N {2}how fast/,
    /--no-color/,
    /# slowly\n {2}labwright robot move r2 --speed 3/,
    /9 {4}it fell over/,
  ])
    assert.match(page, part);
  for (const args of [
    ['robot', 'move', '--help'],
    ['robot', 'move', 'r2', '-h'],
    ['robot', '--help', 'move'],
  ])
    assert.equal((await run(...args)).said, page, args.join(' '));
  assert.equal((await run('robot', 'move', 'r2', '--', '--help')).code, 9);
  given.pop();
});

test('help is no wider than the terminal, and has colours only where one looks at it', async () => {
  for (const { name } of commandTable.commands) {
    const coloured = testTerminal({ columns: 80 });
    await runCommandLine(commandTable, ['help', ...name.split(' ')], coloured);
    assert.ok(coloured.said().includes('\x1b['));
    const plain = testTerminal({ columns: 80, env: { NO_COLOR: '1' } });
    await runCommandLine(commandTable, ['help', ...name.split(' ')], plain);
    assert.ok(!plain.said().includes('\x1b['));
    // What is to be copied stays in one line.
    const prose = plain
      .said()
      .split('\n')
      .filter((line) => !/^ {2}(labwright|#) /.test(line));
    for (const line of prose.slice(1)) assert.ok(line.length <= 80, `${name}: ${line}`);
  }
});

test('every command of the table says all that a reader needs', () => {
  const names = commandTable.commands.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const one of commandTable.commands) {
    assert.match(one.summary, /^[^A-Z].*[^.]$/, `${one.name}: a line without capital and full stop`);
    assert.ok(one.examples.length > 0, `${one.name} has no example`);
    for (const { line } of one.examples) assert.ok(line.startsWith(one.name), `${one.name}: ${line}`);
    const [first = '', second] = one.name.split(' ');
    if (second && !names.includes(first))
      assert.ok(
        commandTable.groups.some(({ name }) => name === first),
        `${first} has no line in the overview`,
      );
    for (const [name, { doc, type, value }] of Object.entries(one.options)) {
      assert.match(doc, /[^.]$/, `${one.name} --${name}`);
      assert.equal(value !== undefined, type === 'string', `${one.name} --${name}: how is its value called?`);
    }
    const open = (one.arguments ?? []).map(({ optional = false }) => optional);
    assert.deepEqual(open, open.toSorted(), `${one.name}: only the last arguments may be left out`);
  }
});

test('the nearest word: slips of the finger are found, other words are not', () => {
  const known = ['status', 'devices', 'watch', 'workflow', 'worker', 'logs'];
  for (const [typed, meant] of [
    ['stauts', 'status'],
    ['device', 'devices'],
    ['wacth', 'watch'],
    ['workflwo', 'workflow'],
    ['log', 'logs'],
    ['zebra', undefined],
    ['s', undefined],
  ])
    assert.equal(nearest(typed ?? '', known), meant);
});

test('text is broken between words', () => {
  assert.equal(wrap('one two three', 7), 'one two\nthree');
  assert.equal(wrap('incomprehensibilities', 5), 'incomprehensibilities');
});
