import classes from "./ui.module.css";

export interface ProgressLineProps {
  /** 0..1 */
  value: number;
  label: string;
}

export function ProgressLine({ value, label }: ProgressLineProps) {
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div
      className={classes.progress}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div className={classes.progressFill} style={{ width: `${percent}%` }} />
    </div>
  );
}
