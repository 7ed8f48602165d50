/**
 * `Content-Disposition` of a download (RFC 6266): always as an attachment, so that no browser shows it in our name. Old clients read
 * `filename`, which has ASCII alone; the others read the name as it is.
 */
export function disposition(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  const whole = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${whole}`;
}
