import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { chmod, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A disk that a test fills up, and empties again. */
export interface Disk {
  readonly kind: 'a mounted file system' | 'a wrapper of write()';
  /** From now on nothing more fits. */
  fill(): Promise<void>;
  free(): Promise<void>;
  /** What a process that writes there needs in its environment. */
  readonly env: Record<string, string>;
  remove(): Promise<void>;
}

/**
 * A file system in memory of that size at `mount`: a full disk as the kernel has it. Where this process may not mount one, a
 * wrapper around the functions that write, which refuses to below `mount` with ENOSPC. Undefined where there is neither
 * (no root, no C compiler): the test is then skipped by name, except where `CI=true`, for which nothing may be left out.
 */
export async function smallDisk(folder: string, mount: string, sizeMiB: number): Promise<Disk | undefined> {
  const disk = (await mounted(mount, sizeMiB)) ?? (await wrapped(folder, mount));
  if (!disk && process.env.CI === 'true')
    throw new Error('A full disk cannot be had here: run as root with the right to mount, or install gcc.');
  return disk;
}

async function mounted(mount: string, sizeMiB: number): Promise<Disk | undefined> {
  if (process.platform !== 'linux' || process.env.DISK === 'wrapper') return undefined;
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'labwright-test', mount], {
    stdio: 'ignore',
  });
  if (made.status !== 0) return undefined;
  const ballast = join(mount, 'ballast');
  const unmount = () => spawnSync('umount', ['--lazy', mount], { stdio: 'ignore' });
  process.once('exit', unmount);
  return {
    kind: 'a mounted file system',
    env: {},
    fill: async () => {
      // Whoever frees something while it is filled has it taken away again.
      for (let round = 0; round < 3; round += 1) {
        const { bavail, bsize } = await statfs(mount);
        const more = Buffer.alloc(bavail * bsize, 1);
        await writeFile(ballast, more, { flag: 'a' }).catch((error) => {
          if (error.code !== 'ENOSPC') throw error;
        });
      }
    },
    free: () => rm(ballast, { force: true }),
    remove: async () => {
      process.off('exit', unmount);
      unmount();
    },
  };
}

/** Every way by which PostgreSQL makes a file longer: as on a real disk, what lies there already may be overwritten. */
const wrapper = String.raw`
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
static int full(int fd, off64_t end) {
  int before = errno;
  struct stat status, file;
  char link[64], path[4096];
  int answer = 0;
  if (stat(SWITCH, &status) == 0 && fstat(fd, &file) == 0 && end > file.st_size) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length > 0) path[length] = 0;
    answer = length > 0 && strncmp(path, FOLDER, strlen(FOLDER)) == 0;
  }
  errno = answer ? ENOSPC : before;
  return answer;
}
static off64_t all(const struct iovec *data, int count) {
  off64_t sum = 0;
  for (int i = 0; i < count; i++) sum += data[i].iov_len;
  return sum;
}
#define WRAP(name, parameters, arguments, end) \
  ssize_t name parameters { \
    static ssize_t (*real) parameters; \
    if (!real) real = dlsym(RTLD_NEXT, #name); \
    return full(fd, end) ? -1 : real arguments; \
  }
#define HERE lseek64(fd, 0, SEEK_CUR)
WRAP(write, (int fd, const void *data, size_t size), (fd, data, size), HERE + size)
WRAP(writev, (int fd, const struct iovec *data, int count), (fd, data, count), HERE + all(data, count))
WRAP(pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), at + size)
WRAP(pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at), at + size)
WRAP(pwritev, (int fd, const struct iovec *data, int count, off_t at), (fd, data, count, at), at + all(data, count))
WRAP(pwritev64, (int fd, const struct iovec *data, int count, off64_t at), (fd, data, count, at), at + all(data, count))
`;

async function wrapped(folder: string, mount: string): Promise<Disk | undefined> {
  if (process.platform !== 'linux') return undefined;
  const library = join(folder, 'full-disk.so');
  const toggle = join(folder, 'disk-is-full');
  const text = (value: string) => JSON.stringify(value);
  const args = [
    '-x',
    'c',
    '-',
    '-shared',
    '-fPIC',
    '-o',
    library,
    `-DSWITCH=${text(toggle)}`,
    `-DFOLDER=${text(mount)}`,
    '-ldl',
  ];
  const made = spawnSync('gcc', args, { input: wrapper, encoding: 'utf8' });
  if (made.status !== 0) return undefined;
  await chmod(library, 0o755);
  return {
    kind: 'a wrapper of write()',
    env: { LD_PRELOAD: library },
    fill: async () => writeFileSync(toggle, ''),
    free: async () => rmSync(toggle, { force: true }),
    remove: async () => rmSync(toggle, { force: true }),
  };
}
