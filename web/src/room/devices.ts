/** Cameras, microphones and loudspeakers: what is asked of them, and why one could not be opened. Pure. */
export type DeviceKind = "audio" | "video";
export type DeviceFault = "blocked" | "system" | "missing" | "busy" | "insecure" | "old" | "unknown";

const FAULTS: Readonly<Record<string, DeviceFault>> = {
  NotAllowedError: "blocked",
  SecurityError: "blocked",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
  // navigator.mediaDevices is absent.
  TypeError: "old",
};

/**
 * In kinds that each have a sentence.
 *
 * Source: Media Capture and Streams, getUserMedia, the names of its rejections.
 */
export function deviceFault(error: unknown, isSecureContext: boolean): DeviceFault {
  if (!(error instanceof Error || error instanceof DOMException)) return "unknown";
  const fault = FAULTS[error.name] ?? "unknown";
  // Without HTTPS a browser has no mediaDevices, or it refuses.
  if (!isSecureContext && (fault === "blocked" || fault === "old")) return "insecure";
  // Chromium's words for the privacy settings of Windows, macOS and Android.
  if (fault === "blocked" && /by system/i.test(error.message)) return "system";
  return fault;
}

/** These may end without the user's doing: another device is plugged in, or a program gives it back. */
export const mayPass = (fault: DeviceFault | null): boolean => fault === "missing" || fault === "busy";

/** Faces are small beside the images, and speech must pass on a thin line. */
const VIDEO: MediaTrackConstraints = {
  width: { ideal: 640 },
  height: { ideal: 360 },
  frameRate: { ideal: 24, max: 30 },
};
const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
/** Heart and lung sounds are what a processor of speech takes for noise. */
const AUSCULTATION: MediaTrackConstraints = {
  echoCancellation: false,
  noiseSuppression: false,
  autoGainControl: false,
  channelCount: 1,
};

export function constraintsFor(
  kind: DeviceKind,
  auscultates: boolean,
  deviceId: ConstrainDOMString | null,
): MediaTrackConstraints {
  const wanted = kind === "video" ? VIDEO : auscultates ? AUSCULTATION : AUDIO;
  return deviceId === null ? wanted : { ...wanted, deviceId };
}

/** Source: MediaStream Image Capture section 12, which TypeScript's DOM does not know. */
interface LightCapabilities extends MediaTrackCapabilities {
  torch?: boolean;
}

/** Whether the camera's light is on; null: it has none. */
export function lightOf(camera: MediaStreamTrack | undefined): boolean | null {
  // Firefox has getCapabilities since version 132.
  const { getCapabilities } = (camera ?? {}) as Partial<MediaStreamTrack>;
  const has = (getCapabilities?.call(camera) as LightCapabilities | undefined)?.torch === true;
  return has ? (camera?.getSettings() as { torch?: boolean }).torch === true : null;
}

export const lightSet = (torch: boolean): MediaTrackConstraints => ({
  advanced: [{ torch } as MediaTrackConstraintSet],
});
