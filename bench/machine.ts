import { arch, availableParallelism, platform, totalmem } from 'node:os';

/** What the figures come from: no names, no paths. */
export interface Machine {
  cores: number;
  memory_gb: number;
  platform: string;
  node: string;
  postgres: string;
}

export function describeMachine(postgresVersion: string): Machine {
  return {
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 1024 ** 3),
    platform: `${platform()} ${arch()}`,
    node: process.versions.node,
    postgres: postgresVersion,
  };
}
