/** Why a camera or microphone could not be opened, in kinds that each have a sentence. Pure. */
export type DeviceKind = "audio" | "video";
export type DeviceFault = "blocked" | "missing" | "busy" | "insecure" | "unknown";

const FAULTS: Readonly<Record<string, DeviceFault>> = {
  NotAllowedError: "blocked",
  SecurityError: "blocked",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
  // navigator.mediaDevices is absent on a page without HTTPS.
  TypeError: "insecure",
};

/** Source: Media Capture and Streams, getUserMedia, the names of its rejections. */
export function deviceFault(error: unknown): DeviceFault {
  return error instanceof Error || error instanceof DOMException ? (FAULTS[error.name] ?? "unknown") : "unknown";
}

/** Faces are small beside the images, and speech must pass on a thin line. */
export const VIDEO: MediaTrackConstraints = {
  width: { ideal: 640 },
  height: { ideal: 360 },
  frameRate: { ideal: 24, max: 30 },
};
export const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
/** Heart and lung sounds are what a processor of speech takes for noise. */
export const AUSCULTATION: MediaTrackConstraints = {
  echoCancellation: false,
  noiseSuppression: false,
  autoGainControl: false,
  channelCount: 1,
};
