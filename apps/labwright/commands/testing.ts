import assert from 'node:assert/strict';
import { runCommandLine } from '../command-line/run.ts';
import { testTerminal } from '../command-line/testing.ts';
import type { TestLab } from '../security/testing/lab.ts';
import { commandTable } from './index.ts';

export interface RunOptions {
  columns?: number;
  input?: string;
  env?: Record<string, string>;
}

/** Where the services of a laboratory are, as the environment says it. */
export function placesOf({ services }: TestLab): Record<string, string> {
  const at = (name: string) => services.find((one) => one.name === name)?.url ?? '';
  return {
    LABWRIGHT_URL: at('hub-service'),
    LABWRIGHT_DEVICE_URL: at('device-service'),
    LABWRIGHT_WORKFLOW_URL: at('workflow-service'),
  };
}

/** Command lines in this process, with these settings. */
export function commandLine(env: () => Record<string, string>) {
  const run = async (args: string, options: RunOptions = {}) => {
    const terminal = testTerminal({ ...options, env: { ...env(), ...options.env } });
    // Words between quotes are one, as in a shell.
    const words = [...args.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
    const code = await runCommandLine(commandTable, words, terminal);
    return { code, said: terminal.said(), told: terminal.told() };
  };
  const ok = async (args: string, options?: RunOptions): Promise<string> => {
    const { code, said, told } = await run(args, options);
    assert.equal(code, 0, `${args}\n${said}${told}`);
    return said;
  };
  const asJson = async <T>(args: string): Promise<T> => JSON.parse(await ok(`${args} --json`)) as T;
  return { run, ok, asJson };
}
