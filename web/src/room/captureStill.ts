/** Takes the still: from one's own camera in its full resolution where the browser can, else what is on the screen. */

/** Source: MediaStream Image Capture section 3, which TypeScript's DOM does not know. */
interface PhotoCapture {
  takePhoto(): Promise<Blob>;
}
type PhotoCaptureConstructor = new (track: MediaStreamTrack) => PhotoCapture;

const QUALITY = 0.95;
/** A camera that focuses and exposes takes a second or two; one that hangs is not waited for. */
const PHOTO_PATIENCE_MS = 5_000;

/** @throws Error: there is no picture. */
export async function captureStill(video: HTMLVideoElement, ownCamera: MediaStreamTrack | null): Promise<Blob> {
  return (ownCamera === null ? null : await photoOf(ownCamera)) ?? (await frameOf(video));
}

/** Null: this browser or camera takes no photos. */
async function photoOf(track: MediaStreamTrack): Promise<Blob | null> {
  const Capture = (window as { ImageCapture?: PhotoCaptureConstructor }).ImageCapture;
  if (Capture === undefined) return null;
  const tooLong = new Promise<null>((resolve) => setTimeout(() => resolve(null), PHOTO_PATIENCE_MS));
  try {
    return await Promise.race([new Capture(track).takePhoto(), tooLong]);
  } catch (error) {
    console.warn("the camera takes no photo; the frame on the screen is used", error);
    return null;
  }
}

async function frameOf(video: HTMLVideoElement): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (blob === null || video.videoWidth === 0) throw new Error("no picture");
  return blob;
}
