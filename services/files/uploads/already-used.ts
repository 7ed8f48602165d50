import { fileErrors } from '@labwright/contract-hub/files-errors';

export const alreadyUsed = (id: string) =>
  fileErrors.problem(
    'upload_used',
    `The upload ${id} has been made; it takes no second file. Ask for another one with POST /uploads.`,
  );
