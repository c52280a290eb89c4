import { useEffect, useState } from "react";

/** Quiet rooms reach about 0.02 of full scale, speech 0.1: the bar shows speech as half. */
const SPEECH_GAIN = 5;

/** How loud the stream is, 0..1, renewed each frame; 0 without a microphone. */
export function useSoundLevel(stream: MediaStream | null): number {
  const [level, setLevel] = useState(0);
  useEffect(() => {
    if (stream === null || stream.getAudioTracks().length === 0) return undefined;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let handle = 0;
    const measure = () => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      setLevel(Math.min(1, Math.round(Math.sqrt(power) * SPEECH_GAIN * 50) / 50));
      handle = requestAnimationFrame(measure);
    };
    measure();
    return () => {
      cancelAnimationFrame(handle);
      void context.close();
      setLevel(0);
    };
  }, [stream]);
  return level;
}
