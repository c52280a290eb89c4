/** Key images in a viewer: marks the picture of a stack, shows one that is asked for. */
import { Button, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { usePollMs } from "../api/events";
import { useMe } from "../api/hooks";
import { useKeyImages, useKeyImageSteps } from "../api/keyImageHooks";
import type { KeyImage, StudyDetail } from "../api/types";
import { useKeys } from "../app/keys";
import { KEYS } from "../app/keyTable";
import { newId } from "../ui/newId";
import { useProblemText } from "../ui/problem";
import type { ImageStack } from "../viewer/imageStack";
import { isOf, keyImageOf } from "./keyImage";
import { wantedKeyImage } from "./wanted";

const NONE: readonly KeyImage[] = [];

export interface KeyImageTool {
  all: readonly KeyImage[];
  /** Of the picture on the screen. */
  marked: readonly KeyImage[];
  /** The user's own among them. */
  own: KeyImage | null;
  /** What the server does not have yet. */
  pending: string | null;
  toggle: () => void;
  remove: (one: KeyImage) => void;
  setNote: (one: KeyImage, note: string) => void;
  show: (one: KeyImage) => void;
}

/** `show` brings a key image of this study on the screen, or says that it is not for this viewer to show; it is
 * asked once the viewer is ready.
 */
export function useKeyImageTool(
  study: StudyDetail,
  stack: ImageStack,
  show: (one: KeyImage) => boolean,
  isReady = true,
): KeyImageTool {
  const { t } = useTranslation("keyImage");
  const say = useProblemText();
  const me = useMe().data;
  const uid = study.study_instance_uid;
  const all = useKeyImages(uid, usePollMs()).data ?? NONE;
  const { keep, remove } = useKeyImageSteps(uid);
  const { shown } = useSyncExternalStore(stack.snapshot.subscribe, stack.snapshot.get);
  const marked = all.filter((one) => isOf(one, shown));
  const own = marked.find(({ made_by }) => made_by.id === me?.id) ?? null;
  const onError = (error: unknown) => notifications.show({ color: "signal", message: say(error) });

  const take = (one: KeyImage) => {
    remove.mutate(one, {
      onError,
      onSuccess: () => {
        const id = `key-image-${one.id}`;
        const restore = () => {
          notifications.hide(id);
          keep.mutate(one, { onError });
        };
        notifications.show({
          id,
          message: (
            <Group justify="space-between" wrap="nowrap">
              {t("removed")}
              <Button size="compact-sm" variant="default" onClick={restore}>
                {t("undo")}
              </Button>
            </Group>
          ),
        });
      },
    });
  };
  const toggle = () => {
    // As it is at this moment: what was drawn last may be a step behind.
    const image = stack.image();
    if (image === null || me == null) return;
    const known = all.find((one) => isOf(one, image) && one.made_by.id === me.id);
    if (known !== undefined) {
      take(known);
      return;
    }
    const series = study.series.find(({ series_instance_uid: one }) => one === image.seriesInstanceUid) ?? null;
    const wanted = keyImageOf(newId(), study, series, image, me, new Date());
    if (wanted !== null) keep.mutate(wanted, { onError });
  };
  useKeys({ [KEYS.picture.keyImage]: toggle });

  const latest = useRef(show);
  useEffect(() => {
    latest.current = show;
  });
  useEffect(() => {
    if (!isReady) return undefined;
    const answer = () => {
      const wanted = wantedKeyImage.get();
      if (wanted?.study_instance_uid === uid && latest.current(wanted)) wantedKeyImage.set(null);
    };
    answer();
    return wantedKeyImage.subscribe(answer);
  }, [uid, isReady]);

  return {
    all,
    marked,
    own,
    pending: keep.isPending ? keep.variables.id : null,
    toggle,
    remove: take,
    setNote: (one, note) => keep.mutate({ ...one, note }, { onError }),
    show: (one) => wantedKeyImage.set(one),
  };
}
