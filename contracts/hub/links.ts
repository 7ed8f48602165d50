import { errorCatalogue } from '@labwright/kernel/errors';
import { NextCursor, nullable, Timestamp } from '@labwright/kernel/http/schemas';
import Type, { type Static } from 'typebox';

/** What a label can be of. */
export const subjectKinds = ['sample', 'plate', 'device'] as const;
export type SubjectKind = (typeof subjectKinds)[number];

export const Subject = Type.Object(
  {
    kind: Type.Enum(subjectKinds),
    id: Type.String({
      pattern: '^[\\x21-\\x7e]{1,64}$',
      description: 'Of a sample its barcode, of a plate or a device its id.',
    }),
  },
  { title: 'LabelSubject', additionalProperties: false },
);
export type Subject = Static<typeof Subject>;

/** A row of `links`: a short address, and where it leads. */
export const Link = Type.Object(
  {
    code: Type.String({ description: 'Seven digits and letters; `/s/{code}` leads on.' }),
    target: Type.String({ description: 'A path of this laboratory, or the URL of a page elsewhere.' }),
    title: nullable(Type.String()),
    subject_kind: nullable(Type.Enum(subjectKinds)),
    subject_id: nullable(Type.String({ description: 'What the label with this code stands on.' })),
    created_by: Type.String(),
    created_by_name: Type.String({ description: 'At that time.' }),
    created_at: Timestamp,
    updated_at: Timestamp,
    expires_at: nullable(Timestamp),
  },
  { title: 'Link' },
);
export type Link = Static<typeof Link>;

const Target = Type.String({
  minLength: 1,
  maxLength: 2_048,
  description:
    'A path of this laboratory (`/pages/sample/S-1`), or an http(s) URL whose host an administrator has allowed.',
  examples: ['/pages/device/liquid-handler-1'],
});
const Title = Type.String({ minLength: 1, maxLength: 200 });

export const CreateLinkRequest = Type.Object(
  { target: Target, title: Type.Optional(Title), expires_at: Type.Optional(Timestamp) },
  { title: 'CreateLinkRequest', additionalProperties: false },
);
export type CreateLinkRequest = Static<typeof CreateLinkRequest>;

export const ChangeLinkRequest = Type.Object(
  {
    target: Type.Optional(Target),
    title: Type.Optional(nullable(Title)),
    expires_at: Type.Optional(nullable(Timestamp)),
  },
  { title: 'ChangeLinkRequest', additionalProperties: false, minProperties: 1 },
);
export type ChangeLinkRequest = Static<typeof ChangeLinkRequest>;

export const LinkAnswer = Type.Object(
  {
    ...Link.properties,
    url: Type.String({ description: 'What to hand out; what a QR code holds.' }),
  },
  { title: 'LinkAnswer' },
);
export type LinkAnswer = Static<typeof LinkAnswer>;

export const LinkPage = Type.Object(
  { links: Type.Array(LinkAnswer), next_cursor: NextCursor },
  { title: 'LinkPage' },
);

/** A row of `link_hosts`: a host elsewhere to which links may lead. */
export const LinkHost = Type.Object(
  {
    host: Type.String({ description: '`example.org`, or with a port of its own `example.org:8443`.' }),
    note: nullable(Type.String()),
    allowed_by: Type.String(),
    allowed_by_name: Type.String(),
    allowed_at: Timestamp,
  },
  { title: 'LinkHost' },
);
export type LinkHost = Static<typeof LinkHost>;

export const LinkHostPage = Type.Object(
  { hosts: Type.Array(LinkHost), next_cursor: NextCursor },
  { title: 'LinkHostPage' },
);

export const linkErrors = errorCatalogue({
  link_not_found: {
    status: 404,
    title: 'There is no such link',
    remedy: 'Look at the code: capital and small letters differ. `GET /links` lists them.',
  },
  link_expired: {
    status: 410,
    title: 'The link has expired',
    remedy: 'Ask whoever gave it to you for a new one, or `PATCH /links/{code}` with a later `expires_at`.',
  },
  link_host_refused: {
    status: 403,
    title: 'The laboratory does not lead to this host any more',
    remedy: 'An administrator allows a host with `PUT /link-hosts/{host}`.',
  },
  invalid_target: {
    status: 400,
    title: 'Links do not lead there',
    remedy:
      'Give a path of this laboratory that begins with one `/`, or an http(s) URL whose host an administrator has allowed (`PUT /link-hosts/{host}`).',
  },
  invalid_expiry: {
    status: 400,
    title: 'The link would have expired already',
    remedy: 'Give a time that lies ahead, or delete the link.',
  },
  link_not_yours: {
    status: 403,
    title: 'The link belongs to somebody else',
    remedy: 'Ask whoever made it, or an operator.',
  },
  link_host_not_found: {
    status: 404,
    title: 'This host is not among those that are allowed',
    remedy: '`GET /link-hosts` lists them.',
  },
  invalid_host: {
    status: 400,
    title: 'This is no host',
    remedy: 'Give a name or an address, with a port where it is not the usual one: `example.org:8443`.',
  },
  subject_not_found: {
    status: 404,
    title: 'There is nothing for this label',
    remedy:
      'Look at how it is written (`GET /plates`, `GET /samples` list what there is), or ask with `"even_if_unknown": true` for a label of what is still to come.',
  },
  label_too_small: {
    status: 400,
    title: 'The symbol does not fit onto the label',
    remedy: 'Choose a larger label, or a Data Matrix in place of a bar code.',
  },
  sheet_too_full: {
    status: 400,
    title: 'There are too many labels for the sheets',
    remedy: 'Print them in several runs.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is not one of ours',
    remedy: 'Use `next_cursor` of an earlier answer, unchanged.',
  },
});
