/** A ruler of a round length, at most a quarter of the picture. */
import classes from "./mpr.module.css";

const LENGTHS_MM = [200, 100, 50, 20, 10, 5, 2, 1];

export function ScaleBar({ pixelsPerMm, width }: { pixelsPerMm: number; width: number }) {
  const mm = LENGTHS_MM.find((length) => length * pixelsPerMm <= width / 4);
  if (mm === undefined) return null;
  return (
    <div className={classes.scale}>
      <div style={{ width: mm * pixelsPerMm }} />
      {mm} mm
    </div>
  );
}
