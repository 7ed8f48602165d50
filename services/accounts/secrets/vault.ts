import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** Encrypts what the database keeps and has to be read again: a copy of the database alone opens nothing. */
export interface Vault {
  /** AES-256-GCM under a random nonce, in base64url. `purpose` is bound in: what was sealed for one opens for no other. */
  seal(text: string, purpose: string): string;
  /** Undefined where it was sealed with another key or for another purpose, or was changed. */
  open(sealed: string, purpose: string): string | undefined;
}

const nonceLength = 12;
const tagLength = 16;

export function createVault(key: Buffer): Vault {
  return {
    seal: (text, purpose) => {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
    },
    open: (text, purpose) => {
      try {
        const sealed = Buffer.from(text, 'base64url');
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceLength), {
          authTagLength: tagLength,
        });
        decipher.setAAD(Buffer.from(purpose));
        decipher.setAuthTag(sealed.subarray(nonceLength, nonceLength + tagLength));
        const body = sealed.subarray(nonceLength + tagLength);
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}

/** 256 random bits as text, for tokens: too many to guess, so that a plain SHA-256 of them may be kept. */
export const randomToken = (): string => randomBytes(32).toString('base64url');

export const digest = (token: string): Buffer => createHash('sha256').update(token).digest();
