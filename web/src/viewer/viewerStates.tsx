import { Button, Loader } from "@mantine/core";
import { IconPhotoX, IconRefresh } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { EmptyState } from "../ui/states";
import type { LoadFault } from "./imageLoading";
import classes from "./viewer.module.css";

/** Nothing on screen yet: a word in the middle. A later slice that is still coming: a small sign. */
export function LoadingImage({ first, empty }: { first: boolean; empty: boolean }) {
  const { t } = useTranslation("viewer");
  if (empty) return null;
  return (
    <div className={first ? classes.cover : classes.waiting} role="status">
      <Loader size={first ? "sm" : "xs"} aria-hidden />
      <span>{t("loading")}</span>
    </div>
  );
}

export function LoadFailure({ fault, onRetry }: { fault: LoadFault; onRetry: () => void }) {
  const { t } = useTranslation("viewer");
  return (
    <div className={classes.cover} role="alert">
      <EmptyState
        icon={IconPhotoX}
        title={t("fault.title")}
        text={t(`fault.${fault}`)}
        action={
          <Button variant="default" leftSection={<IconRefresh size={16} />} onClick={onRetry}>
            {t("retry")}
          </Button>
        }
      />
    </div>
  );
}

/** On the picture whenever AI marks are kept from it: nothing is left out in silence. */
export function AiNote({ hides, shown, count }: { hides: boolean; shown: number; count: number }) {
  const { t } = useTranslation("viewer");
  if (!hides && shown === count) return null;
  return <div className={classes.aiNote}>{hides ? t("readerFirst.note") : t("ai.shown", { shown, count })}</div>;
}
