import { Combobox, TextInput, useCombobox } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { HistoryItem } from "../api/types";
import { useLanguage } from "../app/i18n";
import { found, itemName, NAMED_KINDS, splitTyped, type NamedKind } from "./draft";
import classes from "./history.module.css";

export interface TypeAheadProps {
  items: readonly HistoryItem[];
  onItem: (item: HistoryItem, value: string) => void;
  onText: (text: string, as: NamedKind | "laboratory", value: string) => void;
}

/** One line for everything: what is known is found by its name or initials, all else is taken as it is typed. */
export function TypeAhead({ items, onItem, onText }: TypeAheadProps) {
  const { t } = useTranslation("history");
  const language = useLanguage();
  const [typed, setTyped] = useState("");
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const { name, value } = splitTyped(typed);
  const hits = found(items, typed);
  const asText = value === "" ? NAMED_KINDS : [];

  const choose = (chosen: string) => {
    const item = hits[Number(chosen)];
    if (item !== undefined) onItem(item, value);
    else if (chosen === "laboratory") onText(name, "laboratory", value);
    else onText(typed.trim(), chosen as NamedKind, "");
    setTyped("");
    combobox.closeDropdown();
  };
  return (
    <Combobox store={combobox} onOptionSubmit={choose}>
      <Combobox.Target>
        <TextInput
          label={t("add")}
          description={t("addHint")}
          placeholder={t("addPlaceholder")}
          leftSection={<IconSearch size={15} aria-hidden />}
          maxLength={200}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            combobox.openDropdown();
            // Once the options for what is typed now are there.
            requestAnimationFrame(() => combobox.selectFirstOption());
          }}
          onBlur={() => combobox.closeDropdown()}
          onKeyDown={(event) => {
            // In a form the line adds; it does not send the form.
            if (event.key === "Enter") event.preventDefault();
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={name === ""}>
        <Combobox.Options mah={320} style={{ overflowY: "auto" }}>
          {hits.map((item, index) => (
            <Combobox.Option key={`${item.kind} ${item.en}`} value={String(index)}>
              <span className={classes.option}>
                <span>
                  {itemName(item, language)}
                  {value !== "" && ` ${value} ${item.unit}`}
                </span>
                <span className={classes.optionKind}>{t(`kind.${item.kind}`)}</span>
              </span>
            </Combobox.Option>
          ))}
          {asText.map((kind) => (
            <Combobox.Option key={kind} value={kind}>
              {t(`addAs.${kind}`, { text: typed.trim() })}
            </Combobox.Option>
          ))}
          <Combobox.Option value="laboratory">{t("addAs.laboratory", { text: name })}</Combobox.Option>
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
