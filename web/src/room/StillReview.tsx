import { Button, Group, Input, NativeSelect, Progress, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useEffect, useMemo, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useKeepStill, type StillAbout } from "../api/stillHooks";
import type { Still } from "../api/types";
import { formatPercent } from "../ui/format";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import classes from "./still.module.css";
import type { StillChoice } from "./stillChoices";

type Site = NonNullable<Still["body_site"]>;
type Side = NonNullable<Still["laterality"]>;
const SITES: readonly Site[] = [
  "head", "face", "eye", "ear", "mouth", "neck", "chest", "breast", "abdomen", "back", "pelvis", "upper-limb", "hand",
  "lower-limb", "foot",
];
const SIDES: readonly (Side | "")[] = ["", "R", "L", "B"];
const MOST_TITLE_CHARACTERS = 200;

export interface TakenStill {
  id: string;
  choice: StillChoice;
  picture: Blob;
  takenAt: string;
}

export interface StillReviewProps {
  consultId: string;
  still: TakenStill;
  onAgain: () => void;
  onDiscard: () => void;
  onKept: () => void;
}

/** The picture that was taken: what it shows, and whether it is kept. */
export function StillReview({ consultId, still, onAgain, onDiscard, onKept }: StillReviewProps) {
  const { t } = useTranslation("still");
  const say = useProblemText();
  const [title, setTitle] = useState("");
  const [site, setSite] = useState<Site | "">("");
  const [side, setSide] = useState<Side | "">("");
  const [sent, setSent] = useState(0);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const keep = useKeepStill(consultId, setSent);
  const address = useMemo(() => URL.createObjectURL(still.picture), [still.picture]);
  useEffect(() => () => URL.revokeObjectURL(address), [address]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const about: StillAbout = {
      camera_of: still.choice.participantId,
      source: still.choice.source,
      taken_at: still.takenAt,
      title,
      body_site: site === "" ? null : site,
      laterality: side === "" ? null : side,
    };
    setSent(0);
    keep.mutate({ id: still.id, picture: still.picture, about }, { onSuccess: onKept });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <img
          className={classes.picture}
          src={address}
          alt={t("title")}
          data-testid="taken-still"
          onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => setSize({ width, height })}
        />
        <Text size="sm" c="dimmed">
          {t("hasBeenTold")} <span className="tabular">{size !== null && t("size", size)}</span>
        </Text>
        <TextInput
          label={t("what")}
          placeholder={t("whatHint")}
          maxLength={MOST_TITLE_CHARACTERS}
          data-autofocus
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <Group align="flex-start" gap="md">
          <NativeSelect
            className={classes.site ?? ""}
            label={t("site")}
            value={site}
            data={[{ value: "", label: t("noSite") }, ...SITES.map((value) => ({ value, label: t(`sites.${value}`) }))]}
            onChange={(event) => setSite(event.currentTarget.value as Site | "")}
          />
          <Input.Wrapper label={t("side")}>
            <div>
              <SegmentedControl
                aria-label={t("side")}
                value={side}
                data={SIDES.map((value) => ({ value, label: t(`sides.${value}`) }))}
                onChange={(value) => setSide(value)}
              />
            </div>
          </Input.Wrapper>
        </Group>
        {keep.isError && (
          <Note tone="signal" alert>
            {say(keep.error)}
          </Note>
        )}
        {keep.isPending && <Progress value={sent * 100} aria-label={t("keeping", { percent: formatPercent(sent) })} />}
        <Group justify="flex-end" gap="sm">
          <Button variant="subtle" color="signal" disabled={keep.isPending} onClick={onDiscard}>
            {t("discard")}
          </Button>
          <Button variant="default" disabled={keep.isPending} onClick={onAgain}>
            {t("again")}
          </Button>
          <Button type="submit" loading={keep.isPending}>
            {t("keep")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
