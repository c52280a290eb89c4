import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useSetPreferences } from "../api/hooks";
import type { Me } from "../api/types";
import { Note } from "../ui/Note";
import { FirstSteps } from "./FirstSteps";
import { firstSteps } from "./firstSteps";
import classes from "./firstSteps.module.css";

/** One line on the home page of a new user, until they have seen their first steps or want none. */
export function FirstVisit({ me, onLeave }: { me: Me; onLeave: () => void }) {
  const { t } = useTranslation("firstSteps");
  const save = useSetPreferences();
  const [isOpen, setOpen] = useState(false);
  if (me.knows_first_steps || !save.isIdle) return null;
  const leave = () => {
    setOpen(false);
    save.mutate({ knows_first_steps: true });
    onLeave();
  };
  return (
    <section className={classes.hint} aria-label={t("title")}>
      <Note tone="petrol">
        <div className={classes.line}>
          <span>{t("hint", { count: firstSteps(me).length })}</span>
          <span className={classes.deeds}>
            <Button size="xs" onClick={() => setOpen(true)}>
              {t("show")}
            </Button>
            <Button size="xs" variant="default" onClick={leave}>
              {t("leave")}
            </Button>
          </span>
        </div>
      </Note>
      {isOpen && <FirstSteps me={me} onClose={leave} />}
    </section>
  );
}
