import { useEffect } from "react";

import { tellCallQuality } from "../api/calls";
import type { CallFigures } from "../api/types";
import type { CallQuality } from "../signaling/lineStats";
import type { Session } from "../signaling/session";

const TELL_EVERY_MS = 30_000;

/** Keep with the consult how this session's call goes: every half minute, and when the page goes away. */
export function useCallReport(consultId: string, session: Session | null): void {
  useEffect(() => {
    if (session === null) return;
    const callId = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    let told = 0;
    const tell = () => {
      const { quality } = session.line.get();
      if (quality.seconds === told) return;
      told = quality.seconds;
      void tellCallQuality(consultId, callId, asFigures(quality));
    };
    const timer = setInterval(tell, TELL_EVERY_MS);
    window.addEventListener("pagehide", tell);
    return () => {
      clearInterval(timer);
      window.removeEventListener("pagehide", tell);
      tell();
    };
  }, [consultId, session]);
}

const asFigures = (quality: CallQuality): CallFigures => ({
  seconds: quality.seconds,
  word_seconds: quality.wordSeconds,
  rtt_ms: quality.rttMs,
  loss_out: quality.lossOut,
  loss_in: quality.lossIn,
  jitter_ms: quality.jitterMs,
  sent_bps: quality.sentBps,
  freeze_count: quality.freezeCount,
  concealed_samples: quality.concealedSamples,
});
