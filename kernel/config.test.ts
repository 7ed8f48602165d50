import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ConfigError,
  httpUrl,
  number,
  oneOf,
  optional,
  port,
  postgresUrl,
  readConfig,
  text,
} from './config.ts';

const settings = {
  PORT: port({ doc: 'where to listen', fallback: '5001' }),
  DATABASE_URL: postgresUrl({ doc: 'postgres://user:password@host:port/name' }),
  PEER_URL: optional(httpUrl({ doc: 'the other service' })),
  LEVEL: oneOf(['info', 'debug'], { doc: 'how much to log', fallback: 'info' }),
  RATIO: number({ doc: 'a share', fallback: '0.5', minimum: 0, maximum: 1 }),
  NAME: text({ doc: 'a name', fallback: 'lab' }),
};

test('values are parsed, fallbacks stand in, optional ones may be missing', () => {
  const config = readConfig(settings, { DATABASE_URL: 'postgres://u@h/d', PORT: '8080', LEVEL: '' });
  assert.deepEqual(config, {
    PORT: 8080,
    DATABASE_URL: 'postgres://u@h/d',
    LEVEL: 'info',
    RATIO: 0.5,
    NAME: 'lab',
  });
});

test('every fault is named in one message', () => {
  const wrong = { PORT: '99999', PEER_URL: 'ftp://x', LEVEL: 'loud', RATIO: 'half' };
  assert.throws(
    () => readConfig(settings, wrong),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.faults.length, 5);
      for (const name of ['PORT', 'DATABASE_URL', 'PEER_URL', 'LEVEL', 'RATIO'])
        assert.match(error.message, new RegExp(`- ${name} `));
      return true;
    },
  );
});
