import { createHmac, timingSafeEqual } from 'node:crypto';
import { fileErrors } from '@labwright/contract-hub/files-errors';

/**
 * The policy of one upload, as S3 has it for browsers that POST a form (AWS, "Browser-Based Uploads Using POST", signature
 * version 4): a document of conditions, in base64, signed. S3 checks it itself; where there is none, `checkPolicy` does the same.
 *
 *     POST /uploads ──signed──► the form's fields ──whoever checks──► signature, time, each condition, each field, then the size
 */
export interface UploadTerms {
  readonly id: string;
  readonly contentType: string;
  /** Bytes, exactly. */
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly ownerId: string;
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** Who signs. */
export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly region: string;
  readonly bucket: string;
}

const incomingKey = (id: string) => `incoming/${id}`;

type Condition =
  | Record<string, string>
  | [operator: string, subject: string | number, value: string | number];

/** The fields of the form, the policy and its signature among them. */
export function signPolicy(terms: UploadTerms, signer: Signer): Record<string, string> {
  const day = basicTime(terms.issuedMs).slice(0, 8);
  const scope = `${day}/${signer.region}/s3/aws4_request`;
  const fields: Record<string, string> = {
    key: incomingKey(terms.id),
    'Content-Type': terms.contentType,
    'x-amz-checksum-algorithm': 'SHA256',
    'x-amz-checksum-sha256': Buffer.from(terms.sha256, 'hex').toString('base64'),
    // ASCII alone travels in a header.
    'x-amz-meta-owner': encodeURIComponent(terms.ownerId),
    success_action_status: '201',
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${signer.accessKeyId}/${scope}`,
    'x-amz-date': basicTime(terms.issuedMs),
    ...(signer.sessionToken ? { 'x-amz-security-token': signer.sessionToken } : {}),
  };
  const conditions: Condition[] = [
    { bucket: signer.bucket },
    ['content-length-range', terms.size, terms.size],
    ...Object.entries(fields).map(([name, value]) => ({ [name]: value })),
  ];
  const document = { expiration: new Date(terms.expiresMs).toISOString(), conditions };
  const policy = Buffer.from(JSON.stringify(document)).toString('base64');
  return { ...fields, policy, 'x-amz-signature': signature(policy, signer, day) };
}

export interface Allowed {
  readonly id: string;
  readonly contentType: string;
  readonly minBytes: number;
  readonly maxBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/**
 * What these fields allow now. Throws `invalid_policy` where the policy is not ours, `upload_expired`, and `policy_violated` with the
 * condition that a field breaks. A field that no condition names breaks it too.
 */
export function checkPolicy(given: Readonly<Record<string, string>>, signer: Signer, nowMs: number): Allowed {
  const fields = lowerCased(given);
  const { policy = '', 'x-amz-credential': credential = '', 'x-amz-signature': signed = '' } = fields;
  const [accessKeyId, day = ''] = credential.split('/');
  if (accessKeyId !== signer.accessKeyId || !isSame(signed, signature(policy, signer, day))) throw notOurs();
  const document = parse(policy);
  if (!(Date.parse(document.expiration) > nowMs))
    throw fileErrors.problem(
      'upload_expired',
      `This upload had to begin before ${document.expiration}. Ask for another one with POST /uploads.`,
    );
  const sizes = checkConditions(document.conditions, { ...fields, bucket: signer.bucket });
  return {
    id: (fields.key ?? '').slice(incomingKey('').length),
    contentType: fields['content-type'] ?? '',
    sha256: Buffer.from(fields['x-amz-checksum-sha256'] ?? '', 'base64').toString('hex'),
    ...sizes,
  };
}

const uncovered = new Set(['policy', 'x-amz-signature', 'bucket', 'file']);

function checkConditions(conditions: readonly Condition[], fields: Readonly<Record<string, string>>) {
  const covered = new Set(uncovered);
  let sizes = { minBytes: 0, maxBytes: 0 };
  for (const condition of conditions) {
    if (Array.isArray(condition) && condition[0] === 'content-length-range') {
      sizes = { minBytes: Number(condition[1]), maxBytes: Number(condition[2]) };
      continue;
    }
    const [name, wanted] = equality(condition);
    covered.add(name);
    if (fields[name] !== wanted)
      throw fileErrors.problem(
        'policy_violated',
        `The field ${name} must be "${wanted}". Send the fields that POST /uploads answered, unchanged.`,
      );
  }
  const extra = Object.keys(fields).find((name) => !covered.has(name) && !name.startsWith('x-ignore-'));
  if (extra !== undefined)
    throw fileErrors.problem(
      'policy_violated',
      `The policy says nothing of a field ${extra.slice(0, 60)}. Leave it out.`,
    );
  return sizes;
}

function equality(condition: Condition): [name: string, value: string] {
  if (!Array.isArray(condition)) {
    const [entry] = Object.entries(condition);
    if (entry) return [entry[0].toLowerCase(), entry[1]];
  }
  throw notOurs();
}

function parse(policy: string): { expiration: string; conditions: Condition[] } {
  try {
    return JSON.parse(Buffer.from(policy, 'base64').toString('utf8'));
  } catch {
    throw notOurs();
  }
}

const notOurs = () =>
  fileErrors.problem(
    'invalid_policy',
    'The signature does not fit the policy. Send the fields that POST /uploads answered, unchanged.',
  );

function signature(policy: string, signer: Signer, day: string): string {
  const steps = [day, signer.region, 's3', 'aws4_request', policy];
  let key: string | Buffer = `AWS4${signer.secretAccessKey}`;
  for (const step of steps) key = createHmac('sha256', key).update(step).digest();
  return Buffer.from(key).toString('hex');
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** `20250101T100000Z` */
const basicTime = (ms: number) => `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

const lowerCased = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
