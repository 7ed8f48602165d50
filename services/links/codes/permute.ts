import { createHmac } from 'node:crypto';

/** Characters of a code: 62^7 codes, of which a laboratory uses so few that guessing finds none. */
const codeLength = 7;
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
export const codes = digits.length ** codeLength;

export const codeShape = /^[0-9A-Za-z]{7}$/;

/** The code of a number below `codes`, always of the same length. */
export function base62(number: number): string {
  let code = '';
  for (let rest = number; code.length < codeLength; rest = Math.floor(rest / digits.length))
    code = digits[rest % digits.length] + code;
  return code;
}

const rounds = 8;

/**
 * One number for each below `limit`, and no two alike: numbers that follow each other lead to numbers that have nothing to do with
 * each other, for whoever does not know the secret. A balanced Feistel network with HMAC-SHA-256 as its round function (Luby and
 * Rackoff, 1988) over the next even power of two; what falls outside walks on until it is inside (Black and Rogaway, 2002).
 */
export function permutation(secret: string, limit: number = codes): (number: number) => number {
  const halfBits = Math.ceil(Math.log2(limit) / 2);
  const half = 2 ** halfBits;
  const once = (number: number): number => {
    let left = Math.floor(number / half);
    let right = number % half;
    for (let round = 0; round < rounds; round += 1) {
      const mixed = createHmac('sha256', secret).update(`${round} ${right}`).digest().readUInt32BE() % half;
      [left, right] = [right, (left ^ mixed) >>> 0];
    }
    return left * half + right;
  };
  return (number) => {
    if (!Number.isInteger(number) || number < 0 || number >= limit)
      throw new RangeError(`There are ${limit} numbers; ${number} is not one of them.`);
    let walked = once(number);
    while (walked >= limit) walked = once(walked);
    return walked;
  };
}
