import type { KeyImage } from "../api/types";
import { formatDate } from "../ui/format";
import classes from "./keyImages.module.css";
import { useKeyImageName } from "./useKeyImageName";

/** What tells a key image from those of the consult's other studies. */
export function KeyImageFacts({ one }: { one: KeyImage }) {
  const nameOf = useKeyImageName();
  return (
    <span className={classes.about}>
      <strong>{nameOf(one)}</strong>
      <span className={classes.maker}>
        {[formatDate(one.study_date), one.modality, one.made_by.display_name].filter(Boolean).join(" · ")}
      </span>
      {one.note !== "" && <span>{one.note}</span>}
    </span>
  );
}
