import { writeFile } from 'node:fs/promises';
import { encode } from 'uqr';

const [width, height] = [640, 480];

/** What a camera sees that looks at a QR code: a film of one picture (YUV4MPEG2), to be given to Chromium instead of a camera. */
export async function filmOf(text: string, file: string): Promise<void> {
  const code = encode(text, { border: 4 });
  const dot = Math.floor((height * 0.8) / code.size);
  const [left, top] = [Math.floor((width - code.size * dot) / 2), Math.floor((height - code.size * dot) / 2)];
  const light = Buffer.alloc(width * height, 200);
  for (let y = 0; y < code.size * dot; y += 1)
    for (let x = 0; x < code.size * dot; x += 1)
      light[(top + y) * width + left + x] = code.data[Math.floor(y / dot)]?.[Math.floor(x / dot)] ? 25 : 230;
  const grey = Buffer.alloc((width * height) / 2, 128);
  await writeFile(
    file,
    Buffer.concat([
      Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\nFRAME\n`),
      light,
      grey,
    ]),
  );
}

/** Gives this film to whoever asks for the camera, without a question. */
export const cameraShows = (file: string): string[] => [
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  `--use-file-for-fake-video-capture=${file}`,
];
