import { Button } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useResolveConflict } from "../api/manageHooks";
import type { InstanceConflict, Management } from "../api/types";
import { useLanguage } from "../app/i18n";
import { formatInstant } from "../ui/format";
import { Panel } from "../ui/Panel";
import { EmptyState } from "../ui/states";
import { useNow } from "../ui/useNow";
import { ReasonModal } from "./ReasonModal";
import classes from "./manage.module.css";

export function Conflicts({ management }: { management: Management }) {
  const { t } = useTranslation("manage");
  const language = useLanguage();
  const now = useNow();
  const resolve = useResolveConflict();
  const [open, setOpen] = useState<InstanceConflict | null>(null);
  const close = () => {
    setOpen(null);
    resolve.reset();
  };
  return (
    <Panel flush title={t("conflicts.title")}>
      <p className={classes.explained}>{t("conflicts.text")}</p>
      {management.conflicts.length === 0 ? (
        <EmptyState icon={IconCircleCheck} title={t("conflicts.empty")} />
      ) : (
        <ul className={classes.rows}>
          {management.conflicts.map((one) => (
            <li key={one.id} className={classes.row}>
              <div className={classes.what}>
                <div className="tabular">{one.sop_instance_uid}</div>
                <div className={classes.muted}>
                  {formatInstant(one.found_at, now, language)}
                  {one.resolution !== null && ` · ${t("conflicts.resolved")}: ${one.resolution}`}
                </div>
              </div>
              <div className={classes.actions}>
                <Button size="xs" variant="default" component={Link} to={`/studies/${one.study_instance_uid}`}>
                  {t("conflicts.open")}
                </Button>
                {one.resolved_at === null && management.may.resolve_conflict && (
                  <Button size="xs" onClick={() => setOpen(one)}>
                    {t("conflicts.resolve")}
                  </Button>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
      {open !== null && (
        <ReasonModal
          title={t("conflicts.resolveTitle")}
          text={t("conflicts.resolveText")}
          action={t("conflicts.resolve")}
          pending={resolve.isPending}
          error={resolve.error}
          onClose={close}
          onConfirm={(reason) => resolve.mutate({ id: open.id, reason }, { onSuccess: close })}
        />
      )}
    </Panel>
  );
}
