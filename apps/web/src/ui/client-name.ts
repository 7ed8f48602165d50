// The first that fits: most browsers also claim to be those below them.
const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\b(?:Headless)?Chrome\/|\bCriOS\/|\bChromium\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
];
const systems: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];

const first = (known: readonly (readonly [RegExp, string])[], text: string) =>
  known.find(([shape]) => shape.test(text))?.[1];

/** What people call the program that sent this `User-Agent`: `Chrome on Linux`; of a program that is no browser its name. */
export function clientName(userAgent: string | null): string {
  if (!userAgent) return 'An unknown program';
  const browser = first(browsers, userAgent);
  const system = first(systems, userAgent);
  if (browser) return system ? `${browser} on ${system}` : browser;
  if (userAgent.startsWith('Mozilla/')) return system ? `A browser on ${system}` : 'A browser';
  return /^[^\s/(]+/.exec(userAgent)?.[0] ?? 'An unknown program';
}
