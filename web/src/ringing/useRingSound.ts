import { useEffect } from "react";

const EVERY_MS = 2_500;
/** Hz; two short tones, as a telephone rings. */
const TONES = [880, 660] as const;
const TONE_S = 0.22;
const VOLUME = 0.12;

/** Rings for as long as `on`. A browser that wants a click on the page first stays silent until then. */
export function useRingSound(on: boolean) {
  useEffect(() => {
    if (!on) return undefined;
    const audio = new AudioContext();
    const ring = () => {
      TONES.forEach((hz, index) => {
        const tone = audio.createOscillator();
        const gain = audio.createGain();
        const begins = audio.currentTime + index * (TONE_S + 0.06);
        tone.frequency.value = hz;
        gain.gain.setValueAtTime(VOLUME, begins);
        gain.gain.exponentialRampToValueAtTime(0.001, begins + TONE_S);
        tone.connect(gain).connect(audio.destination);
        tone.start(begins);
        tone.stop(begins + TONE_S);
      });
    };
    ring();
    const timer = setInterval(ring, EVERY_MS);
    return () => {
      clearInterval(timer);
      void audio.close();
    };
  }, [on]);
}
