import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import type { useSearchArchive } from "../api/archiveHooks";
import type { Archive } from "../api/types";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { emptySearch, MODALITIES, queryOf, type Search } from "./search";
import classes from "./archives.module.css";

export interface SearchFormProps {
  archives: readonly Archive[];
  search: ReturnType<typeof useSearchArchive>;
}

export function SearchForm({ archives, search }: SearchFormProps) {
  const { t } = useTranslation("archives");
  const say = useProblemText();
  const [archiveId, setArchiveId] = useState(archives[0]?.id ?? "");
  const [typed, setTyped] = useState<Search>(emptySearch);
  const change = (part: Partial<Search>) => setTyped((current) => ({ ...current, ...part }));
  const query = queryOf(typed);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (query !== null) search.mutate({ archiveId, query });
  };
  return (
    <form onSubmit={submit} role="search">
      <div className={classes.fields}>
        <NativeSelect
          label={t("search.archive")}
          value={archiveId}
          onChange={(event) => setArchiveId(event.currentTarget.value)}
          data={archives.map(({ id, name }) => ({ value: id, label: name }))}
        />
        <TextInput
          label={t("search.patientId")}
          maxLength={64}
          value={typed.patientId}
          onChange={(event) => change({ patientId: event.currentTarget.value })}
        />
        <TextInput
          label={t("search.patientName")}
          placeholder={t("search.patientNameHint")}
          maxLength={64}
          value={typed.patientName}
          onChange={(event) => change({ patientName: event.currentTarget.value })}
        />
        <TextInput
          label={t("search.accession")}
          maxLength={16}
          value={typed.accession}
          onChange={(event) => change({ accession: event.currentTarget.value })}
        />
        <TextInput
          type="date"
          label={t("search.from")}
          value={typed.from}
          onChange={(event) => change({ from: event.currentTarget.value })}
        />
        <TextInput
          type="date"
          label={t("search.to")}
          value={typed.to}
          onChange={(event) => change({ to: event.currentTarget.value })}
        />
        <NativeSelect
          label={t("search.modality")}
          value={typed.modality}
          onChange={(event) => change({ modality: event.currentTarget.value })}
          data={[{ value: "", label: t("search.anyModality") }, ...MODALITIES]}
        />
      </div>
      {search.isError && (
        <div className={classes.problem}>
          <Note tone="signal" alert>
            {say(search.error)}
          </Note>
        </div>
      )}
      <div className={classes.submit}>
        <span className={classes.muted}>{t("search.hint")}</span>
        <Button
          type="submit"
          loading={search.isPending}
          disabled={query === null}
          leftSection={<IconSearch size={16} />}
        >
          {t("search.submit")}
        </Button>
      </div>
    </form>
  );
}
