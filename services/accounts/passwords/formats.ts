import { hashSync, type Options, verifySync } from '@node-rs/argon2';
import { verifySync as verifyBcrypt } from '@node-rs/bcrypt';

/** argon2id, RFC 9106, as OWASP advises for servers: 19 MiB, two passes, one lane. About 25 ms of one core. */
const options: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const ours = '$argon2id$v=19$m=19456,t=2,p=1$';

const argon2 =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,86}$/;
const bcrypt = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
/** What a hash from elsewhere may cost at most: 256 MiB, 10 passes; a second or two. */
const most = { memory: 262_144, passes: 10, lanes: 16, rounds: 15 };

/** True for what `verify` can read: our own hashes and those of many other systems. */
export const isPasswordHash = (known: string): boolean => kindOf(known) !== undefined;

/** True where a better hash should take its place as soon as the password is at hand. */
export const isStale = (known: string): boolean => !known.startsWith(ours);

// These block: only the threads of the hasher call them.
export const hash = (password: string): string => hashSync(password, options);

export function verify(password: string, known: string): boolean {
  const kind = kindOf(known);
  if (kind === 'argon2id') return verifySync(known, password);
  return kind === 'bcrypt' && verifyBcrypt(password, known);
}

function kindOf(known: string): 'argon2id' | 'bcrypt' | undefined {
  const [, memory, passes, lanes] = argon2.exec(known) ?? [];
  if (memory !== undefined) {
    const bearable =
      Number(memory) <= most.memory && Number(passes) <= most.passes && Number(lanes) <= most.lanes;
    return bearable ? 'argon2id' : undefined;
  }
  const [, rounds] = bcrypt.exec(known) ?? [];
  return rounds !== undefined && Number(rounds) <= most.rounds ? 'bcrypt' : undefined;
}
