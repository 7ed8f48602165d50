/** The archive is not as it was written, or is none: nothing of it may be trusted. */
export class DamagedArchive extends Error {
  override readonly name = 'DamagedArchive';
  constructor(file: string, what: string) {
    super(`${file} cannot be used: ${what} Take another backup.`);
  }
}
