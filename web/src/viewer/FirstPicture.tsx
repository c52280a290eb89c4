/** The picture that a series opens with, on screen until the viewer has drawn it: same place, size, window. */
import { ActionIcon } from "@mantine/core";
import { useEffect, useLayoutEffect, useRef, useState } from "react";

import { takeAway } from "./pictureAhead";
import { draw, pictureAt, pictureThere } from "./pictures";
import classes from "./viewer.module.css";

export interface FirstPictureProps {
  /** Of the stored image. */
  address: string;
  /** Told of the address. */
  onDrawn?: (address: string) => void;
}

export function FirstPicture({ address, onDrawn }: FirstPictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [picture, setPicture] = useState(() => pictureThere(address));
  useEffect(() => {
    let isWanted = true;
    void pictureAt(address).then((come) => {
      if (isWanted) setPicture(come);
    });
    return () => {
      isWanted = false;
    };
  }, [address]);
  useLayoutEffect(() => {
    if (picture === null || canvas.current === null) return;
    draw(canvas.current, picture);
    takeAway();
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
