/** The picture that a series opens with: fetched and read once, whoever draws it first. */
import { firstPictureOf, type FirstPicture } from "./firstPicture";

interface Opening {
  address: string;
  coming: Promise<FirstPicture | null>;
  picture: FirstPicture | null;
}

/** The last one: who draws it next has it at once. */
let last: Opening | null = null;

async function read(address: string): Promise<FirstPicture | null> {
  // Into the browser's cache too, where the viewer finds it: stored images never change.
  const answer = await fetch(address);
  return answer.ok ? firstPictureOf(new Uint8Array(await answer.arrayBuffer())) : null;
}

/** Null where it cannot be had or drawn: what fails here fails again, with its words, in the viewer. */
export function pictureAt(address: string): Promise<FirstPicture | null> {
  if (last?.address === address) return last.coming;
  const opening: Opening = { address, coming: read(address).catch(() => null), picture: null };
  last = opening;
  void opening.coming.then((picture) => {
    opening.picture = picture;
    if (picture === null && last === opening) last = null;
  });
  return opening.coming;
}

/** The same, if it is there. */
export const pictureThere = (address: string): FirstPicture | null => (last?.address === address ? last.picture : null);

export function draw(canvas: HTMLCanvasElement, picture: FirstPicture): void {
  canvas.getContext("2d")?.putImageData(new ImageData(picture.rgba, picture.columns, picture.rows), 0, 0);
}
