/** A video element that plays a stream. */
import { useEffect, useRef } from "react";

export function useStream(stream: MediaStream | null) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (element === null || element.srcObject === stream) return;
    element.srcObject = stream;
    // Muted video may always play; sound has its own element and its own button when it is held back.
    if (stream !== null) element.play().catch(() => undefined);
  }, [stream]);
  return video;
}
