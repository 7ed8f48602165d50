import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const everyMs = 10_000;

/**
 * Ends test files that are still there so many milliseconds after their start: one can hang so late in its own end that none of its
 * threads can notice (Node waits there for a connection that the system will not close). `ps` of Linux and macOS; elsewhere nothing is ended.
 * Call the answer to stop.
 */
export function killOverdue(runner: number, milliseconds: number, everyMilliseconds = everyMs): () => void {
  const timer = setInterval(async () => {
    for (const { pid, seconds, command } of await childrenOf(runner).catch(() => [])) {
      if (seconds * 1_000 < milliseconds) continue;
      console.error(
        `A test file did not end within ${milliseconds} ms, not even when it was told to: ${command}`,
      );
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    }
  }, everyMilliseconds);
  timer.unref();
  return () => clearInterval(timer);
}

interface Child {
  pid: number;
  /** Since its start. */
  seconds: number;
  command: string;
}

async function childrenOf(parent: number): Promise<Child[]> {
  if (process.platform === 'win32') return [];
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,etime=,args='], {
    maxBuffer: 64 * 1_024 * 1_024,
  });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, ppid, etime, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (Number(ppid) !== parent || etime === undefined || command === undefined) return [];
    return [{ pid: Number(pid), seconds: secondsOf(etime), command: command.split(' ').at(-1) ?? command }];
  });
}

/** `[[days-]hours:]minutes:seconds`. */
function secondsOf(etime: string): number {
  const [clock = '', days = '0'] = etime.split('-').reverse();
  const inDay = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return Number(days) * 86_400 + inDay;
}
