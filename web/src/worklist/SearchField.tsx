import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useState, type RefObject } from "react";
import { useTranslation } from "react-i18next";

import classes from "./worklist.module.css";

const PAUSE_MS = 250;

export interface SearchFieldProps {
  value: string;
  onChange: (value: string, typing: boolean) => void;
  field: RefObject<HTMLInputElement | null>;
}

/** Searches once the typing pauses; what the address says meanwhile, by the back button, is typed over. */
export function SearchField({ value, onChange, field }: SearchFieldProps) {
  const { t } = useTranslation("worklist");
  const [typed, setTyped] = useState({ text: value, of: value });
  if (typed.of !== value) setTyped({ text: value, of: value });
  const { text } = typed;
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text, value !== ""), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <TextInput
      ref={field}
      className={classes.search ?? ""}
      type="search"
      leftSection={<IconSearch size={15} aria-hidden />}
      aria-label={t("search.label")}
      placeholder={t("search.hint")}
      aria-keyshortcuts="/"
      maxLength={100}
      value={text}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setTyped((before) => ({ ...before, text: next }));
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault(); // Chromium would empty the field
        event.currentTarget.blur();
      }}
    />
  );
}
