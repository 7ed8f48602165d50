/** What one worker writes. */
export const lineOf = (number: string): string => `worker ${number} was alone while it wrote this line\n`;
