import type { Signer } from './policy.ts';

const own = (bucket: string) => (secretAccessKey: string) =>
  ({ accessKeyId: 'labwright', secretAccessKey, region: 'local', bucket }) satisfies Signer;

/** For forms that this process receives itself. */
export const formSigner = own('forms');
/** For files in pieces. A policy for pieces allows more bytes than one for a form: neither is taken for the other. */
export const piecesSigner = own('pieces');
