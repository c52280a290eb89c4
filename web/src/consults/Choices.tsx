import type { ReactNode } from "react";

import classes from "./consults.module.css";

export interface Choice<Value extends string> {
  value: Value;
  title: ReactNode;
  text?: string;
}

export interface ChoicesProps<Value extends string> {
  legend: string;
  name: string;
  choices: readonly Choice<Value>[];
  value: Value | null;
  onChange: (value: Value) => void;
  fault?: string | null;
}

/** One of a few, each with a line that says what it means. */
export function Choices<Value extends string>({ legend, name, choices, value, onChange, fault }: ChoicesProps<Value>) {
  const faultId = `${name}-fault`;
  return (
    <fieldset className={classes.fieldset} aria-describedby={fault ? faultId : undefined}>
      <legend className={classes.legend}>{legend}</legend>
      <div className={classes.choices}>
        {choices.map((choice) => (
          <label key={choice.value} className={classes.choice} data-checked={choice.value === value || undefined}>
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              onChange={() => onChange(choice.value)}
            />
            <span>
              <span className={classes.choiceTitle}>{choice.title}</span>
              {choice.text !== undefined && <span className={classes.choiceText}>{choice.text}</span>}
            </span>
          </label>
        ))}
      </div>
      {fault && (
        <div id={faultId} className={classes.fault} role="alert">
          {fault}
        </div>
      )}
    </fieldset>
  );
}
