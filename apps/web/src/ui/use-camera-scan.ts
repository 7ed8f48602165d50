import { type RefObject, useEffect, useEffectEvent, useState } from 'react';
import { type CodeReader, openCodeReader } from './code-reader.ts';

/** Cameras are given to pages of this machine and of https alone. */
export const canScan = (): boolean => navigator.mediaDevices !== undefined;

/** Looks through the camera until a code is seen, or whoever asked goes away. */
export function useCameraScan(video: RefObject<HTMLVideoElement | null>, found: (text: string) => void) {
  const [fault, setFault] = useState<string>();
  const tell = useEffectEvent(found);

  useEffect(() => {
    let stream: MediaStream | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;

    const look = async (reader: CodeReader) => {
      const code = video.current ? await reader.read(video.current).catch(() => undefined) : undefined;
      if (over) return;
      if (code) tell(code);
      else timer = setTimeout(() => void look(reader), 150);
    };
    const begin = async () => {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
      if (over || !video.current) return end();
      video.current.srcObject = stream;
      await video.current.play();
      const reader = await openCodeReader().catch(() => undefined);
      if (over) return;
      if (reader) await look(reader);
      else setFault('What reads codes could not be loaded. Try again, or type the code.');
    };
    const end = () => {
      over = true;
      clearTimeout(timer);
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    begin().catch(() => {
      if (!over) setFault('The camera cannot be used. Allow it for this page, or type the code.');
    });
    return end;
  }, [video]);
  return fault;
}
