import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import program from 'zxing-wasm/reader/zxing_reader.wasm?url';
import type { CodeReader } from './code-reader.ts';

// From the laboratory itself: by default it would be fetched from somewhere in the internet.
prepareZXingModule({ overrides: { locateFile: () => program } });

const canvas = document.createElement('canvas');

/** For browsers without a reader of their own; some hundred kilobytes, loaded when somebody scans. */
export const loadedCodeReader: CodeReader = {
  read: async (video) => {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context || canvas.width === 0) return undefined;
    context.drawImage(video, 0, 0);
    const seen = await readBarcodes(context.getImageData(0, 0, canvas.width, canvas.height), {
      formats: ['QRCode', 'DataMatrix', 'Code128', 'Code39', 'EAN13'],
      maxNumberOfSymbols: 1,
      tryHarder: true,
    });
    return seen[0]?.text || undefined;
  },
};
