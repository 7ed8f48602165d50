import assert from 'node:assert/strict';
import test from 'node:test';
import { startScreen } from './screen.ts';
import { readUpSettings } from './settings.ts';

const screenOf = (env: Record<string, string>, setupAt: string | null = null) =>
  startScreen({
    settings: readUpSettings(env),
    databases: {
      device: '',
      workflow: '',
      hub: '',
      embedded: null,
      close: async () => {},
      closeAtOnce: async () => {},
    },
    logFile: 'labwright.log',
    devicePort: 5001,
    workflowPort: 5002,
    hubPort: 5000,
    setupAt,
  });

test('where people of other computers would sign in over http, the start screen says that they cannot', () => {
  const open = { LABWRIGHT_ACCOUNTS: '1', HOST: '0.0.0.0' };
  assert.match(screenOf(open), /Other computers need https[\s\S]+HUB_PUBLIC_URL/);
  for (const told of [
    { ...open, HUB_PUBLIC_URL: 'https://lab.example.org' },
    { ...open, HOST: '127.0.0.1' },
    {},
  ])
    assert.doesNotMatch(screenOf(told), /Other computers need https/);
});

test('while there is no administrator, the start screen says where the setup token is found', () => {
  const accounts = { LABWRIGHT_ACCOUNTS: '1' };
  assert.match(
    screenOf(accounts, '/srv/lab/setup-token'),
    /The setup token is in the file \/srv\/lab\/setup-token\./,
  );
  assert.match(
    screenOf(accounts, 'LABWRIGHT_SETUP_TOKEN'),
    /The setup token is what LABWRIGHT_SETUP_TOKEN says\./,
  );
  assert.doesNotMatch(screenOf(accounts), /setup token/);
});
