import { Button, Checkbox, Group } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useChangeSecondFactorRule, useSecondFactorRule } from "../api/institutionHooks";
import type { Role } from "../api/types";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { ErrorState, LoadingState } from "../ui/states";
import classes from "./institution.module.css";
import { ROLES } from "./roles";

/** In which roles a member must have a second factor. */
export function SecondFactorRule() {
  const { t } = useTranslation("institution");
  const say = useProblemText();
  const known = useSecondFactorRule();
  const change = useChangeSecondFactorRule();
  const [chosen, setChosen] = useState<readonly string[] | null>(null);
  const roles = chosen ?? known.data?.roles ?? [];
  const save = () =>
    change.mutate(
      { roles: roles as Role[] },
      {
        onSuccess: () => {
          setChosen(null);
          notifications.show({ color: "moss", message: t("secondFactorRule.saved") });
        },
      },
    );
  return (
    <Panel title={t("secondFactorRule.title")}>
      {known.isPending && <LoadingState rows={2} />}
      {known.isError && <ErrorState error={known.error} onRetry={() => void known.refetch()} />}
      {known.isSuccess && (
        <div className={classes.stack}>
          <Checkbox.Group
            aria-label={t("secondFactorRule.title")}
            description={t("secondFactorRule.text")}
            value={[...roles]}
            onChange={setChosen}
          >
            <Group gap="sm" mt={10}>
              {ROLES.map((role) => (
                <Checkbox key={role} value={role} label={t(`common:role.${role}`)} />
              ))}
            </Group>
          </Checkbox.Group>
          {change.isError && (
            <Note tone="signal" alert>
              {say(change.error)}
            </Note>
          )}
          <Group justify="flex-end">
            <Button size="xs" disabled={chosen === null} loading={change.isPending} onClick={save}>
              {t("secondFactorRule.save")}
            </Button>
          </Group>
        </div>
      )}
    </Panel>
  );
}
