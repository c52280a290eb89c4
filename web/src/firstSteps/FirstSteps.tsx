import { Anchor, Kbd } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Me } from "../api/types";
import { shownKey } from "../app/keys";
import { Dialog } from "../ui/Dialog";
import classes from "./firstSteps.module.css";
import { firstSteps, PLACES, STEP_KEYS } from "./firstSteps";

/** What this user does first, each step with the way there; from the user menu at any time. */
export function FirstSteps({ me, onClose }: { me: Me; onClose: () => void }) {
  const { t } = useTranslation("firstSteps");
  return (
    <Dialog title={t("title")} size={520} onClose={onClose}>
      <ol className={classes.steps}>
        {firstSteps(me).map((step) => {
          const place = PLACES[step];
          return (
            <li key={step}>
              <div className={classes.name}>
                {place === null ? (
                  t(`name.${step}`)
                ) : (
                  <Anchor component={Link} to={place} onClick={onClose}>
                    {t(`name.${step}`)}
                  </Anchor>
                )}
              </div>
              <div>{t(`text.${step}`)}</div>
              {STEP_KEYS[step] !== undefined && (
                <div className={classes.keys}>
                  {STEP_KEYS[step].map((key) => (
                    <Kbd key={key}>{shownKey(key)}</Kbd>
                  ))}
                </div>
              )}
            </li>
          );
        })}
      </ol>
      <p className={classes.again}>{t("again")}</p>
    </Dialog>
  );
}
