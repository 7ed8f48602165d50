import { errorCatalogue } from '@labwright/kernel/errors';

/** Every error of the files beside the common ones. */
export const fileErrors = errorCatalogue({
  file_not_found: { status: 404, title: 'There is no such file', remedy: '`GET /files` lists them.' },
  file_not_ready: {
    status: 409,
    title: 'The file is in a state that does not allow this',
    remedy: '`file_status` says how it stands. Only a file that is `ready` can be fetched.',
  },
  file_deleted: {
    status: 410,
    title: 'The file was deleted',
    remedy: 'Its results, if it had any, are still there.',
  },
  not_your_file: {
    status: 403,
    title: 'The file belongs to somebody else',
    remedy: 'Ask its owner, or somebody with the role that `detail` names.',
  },
  invalid_file_name: {
    status: 400,
    title: 'The name is no name of a file',
    remedy: 'Send the name alone: no folder, no control characters, not `.` or `..`.',
  },
  content_type_not_allowed: {
    status: 415,
    title: 'Files of this type are not taken',
    remedy: '`allowed` lists the types. What none of them fits, send as `application/octet-stream`.',
  },
  file_too_large: {
    status: 413,
    title: 'The file is too large for one form',
    remedy: 'Up to `limit_bytes` send it with `"resumable": true`; larger files are not taken.',
  },
  quota_exceeded: {
    status: 409,
    title: 'Your share of the storage is used up',
    remedy:
      'Delete files that nobody needs, or let uploads under way end; `GET /files/usage` shows how it stands.',
  },
  invalid_policy: {
    status: 403,
    title: 'The upload policy is not ours, or was changed',
    remedy: 'Send the fields that `POST /uploads` answered, unchanged.',
  },
  policy_violated: {
    status: 403,
    title: 'The upload is not what its policy allows',
    remedy: '`detail` names the condition. Ask for another upload with `POST /uploads`.',
  },
  upload_expired: {
    status: 403,
    title: 'The time of this upload is over',
    remedy: 'Ask for another one with `POST /uploads`.',
  },
  upload_used: {
    status: 409,
    title: 'This upload has been made',
    remedy: 'Each policy takes one file. Ask for another one with `POST /uploads`.',
  },
  upload_unreadable: {
    status: 400,
    title: 'The form cannot be read',
    remedy:
      'Send multipart/form-data with the fields that `POST /uploads` answered, and then the file, in `file`.',
  },
  upload_stalled: {
    status: 408,
    title: 'The upload stalled',
    remedy: 'Nothing was kept. Send it again, over a connection that holds.',
  },
  size_mismatch: {
    status: 400,
    title: 'The file has another size than announced',
    remedy: 'Ask for an upload with the size that the file has.',
  },
  checksum_mismatch: {
    status: 400,
    title: 'The bytes are not those whose SHA-256 was announced',
    remedy: 'Nothing was kept. Send the file again; if it happens again, compute its SHA-256 anew.',
  },
  upload_incomplete: {
    status: 409,
    title: 'The bytes are not there yet',
    remedy: 'Send them first to where `POST /uploads` said, then say that it is done.',
  },
  invalid_link: {
    status: 403,
    title: 'The link is not ours, or was changed',
    remedy: 'Ask for a link with `POST /files/{id}/links`.',
  },
  link_expired: {
    status: 403,
    title: 'The time of this link is over',
    remedy: 'Ask for another one with `POST /files/{id}/links`.',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The file has no such range',
    remedy: '`Content-Range` names its size.',
  },
  storage_unavailable: {
    status: 503,
    title: 'The storage of files does not answer',
    remedy: 'Try again after Retry-After; if it stays so, look at the S3 server.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is not one of ours',
    remedy: 'Use `next_cursor` of an earlier answer, unchanged, with the same filters.',
  },
});
