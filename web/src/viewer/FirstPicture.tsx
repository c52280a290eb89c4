/** The picture that a series opens with, on screen until the viewer has drawn it: same place, size, window. */
import { ActionIcon } from "@mantine/core";
import { useEffect, useLayoutEffect, useRef, useState } from "react";

import { firstPictureOf, type FirstPicture as Picture } from "./firstPicture";
import classes from "./viewer.module.css";

/** The last one, so that who draws it next has it at once. */
let last: { address: string; picture: Picture } | null = null;

async function pictureAt(address: string, signal: AbortSignal): Promise<Picture | null> {
  if (last?.address === address) return last.picture;
  const answer = await fetch(address, { signal });
  if (!answer.ok) return null;
  const picture = firstPictureOf(new Uint8Array(await answer.arrayBuffer()));
  if (picture !== null) last = { address, picture };
  return picture;
}

export interface FirstPictureProps {
  /** Of the stored image. */
  address: string;
  /** Told of the address. */
  onDrawn?: (address: string) => void;
}

export function FirstPicture({ address, onDrawn }: FirstPictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [picture, setPicture] = useState(() => (last?.address === address ? last.picture : null));
  useEffect(() => {
    const given = new AbortController();
    // What fails here fails again, with its words, in the viewer.
    pictureAt(address, given.signal).then(setPicture, () => undefined);
    return () => given.abort();
  }, [address]);
  useLayoutEffect(() => {
    if (picture === null) return;
    canvas.current?.getContext("2d")?.putImageData(new ImageData(picture.rgba, picture.columns, picture.rows), 0, 0);
    onDrawn?.(address);
  }, [address, picture, onDrawn]);
  if (picture === null) return null;
  return <canvas ref={canvas} className={classes.firstPicture} width={picture.columns} height={picture.rows} data-first-picture aria-hidden />;
}

/** What stands where the viewer will: the same frame around the same picture, without tools. */
export function ViewerAhead({ address }: { address: string | null }) {
  return (
    <div className={classes.viewer} data-testid="viewer-ahead">
      <div className={classes.bar}>
        <div className={classes.toolbar}>
          <ActionIcon variant="transparent" color="gray" loading aria-hidden tabIndex={-1} />
        </div>
      </div>
      <div className={classes.body}>
        <div className={classes.row}>
          <div className={classes.stage}>{address !== null && <FirstPicture key={address} address={address} />}</div>
          <div className={classes.slider} />
        </div>
      </div>
    </div>
  );
}
