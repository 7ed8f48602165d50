/** Reads bar and QR codes out of what a camera shows. */
export interface CodeReader {
  /** What the code says that is seen now; undefined where none is. */
  read(video: HTMLVideoElement): Promise<string | undefined>;
}

/** The browser's own one: phones with Android have it, most others do not. */
interface NativeReader {
  detect(source: HTMLVideoElement): Promise<readonly { rawValue: string }[]>;
}
interface NativeReaderMaker {
  new (options: { formats: readonly string[] }): NativeReader;
  getSupportedFormats(): Promise<readonly string[]>;
}

const wanted = ['qr_code', 'data_matrix', 'code_128', 'code_39', 'ean_13'];

/** The browser's own reader where it knows all codes that labels have; else one that is loaded now. */
export async function openCodeReader(): Promise<CodeReader> {
  const Native = (globalThis as { BarcodeDetector?: NativeReaderMaker }).BarcodeDetector;
  const known = (await Native?.getSupportedFormats().catch(() => [])) ?? [];
  if (Native && wanted.every((format) => known.includes(format))) {
    const reader = new Native({ formats: wanted });
    return { read: async (video) => (await reader.detect(video))[0]?.rawValue };
  }
  return (await import('./loaded-code-reader.ts')).loadedCodeReader;
}
