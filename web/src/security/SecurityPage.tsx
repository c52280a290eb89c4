import { Button, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCircleCheck, IconCircleDashed } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useMe } from "../api/hooks";
import { useBeginTotp, useMakeRecoveryCodes, useRemovePasskey, useRemoveTotp, useSecurity } from "../api/securityHooks";
import type { Passkey, Security } from "../api/types";
import { Dialog } from "../ui/Dialog";
import { Narrow } from "../ui/Narrow";
import { Note } from "../ui/Note";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem";
import { ErrorState, LoadingState } from "../ui/states";
import { Tag } from "../ui/Tag";
import { PasskeyList } from "./PasskeyList";
import { RecoveryCodesDialog } from "./RecoveryCodesDialog";
import classes from "./security.module.css";
import { SessionList } from "./SessionList";
import { TotpSetUp } from "./TotpSetUp";

/** How a user proves who it is, and where the account is open. */
export function SecurityPage() {
  const { t } = useTranslation("security");
  const known = useSecurity();
  return (
    <Narrow>
      <PageHead title={t("title")} lead={t("lead")} />
      {known.isPending && <LoadingState rows={6} />}
      {known.isError && <ErrorState error={known.error} onRetry={() => void known.refetch()} />}
      {known.isSuccess && <Factors security={known.data} />}
    </Narrow>
  );
}

function Factors({ security }: { security: Security }) {
  const { t } = useTranslation("security");
  const mustSetUp = useMe().data?.must_set_up_second_factor ?? false;
  const say = useProblemText();
  const begin = useBeginTotp();
  const make = useMakeRecoveryCodes();
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [removing, setRemoving] = useState<Passkey | "totp" | null>(null);
  const hasFactor = security.has_totp || security.passkeys.length > 0;
  const error = begin.error ?? make.error;
  const added = (message: string) => (given: readonly string[] | null) => {
    begin.reset();
    setCodes(given);
    notifications.show({ color: "moss", message });
  };
  return (
    <div className={classes.stack}>
      {!hasFactor && <Note tone="amber">{t(mustSetUp ? "mustSetUp" : "none")}</Note>}
      {error !== null && (
        <Note tone="signal" alert>
          {say(error)}
        </Note>
      )}
      <Panel title={t("totp.title")}>
        <p className={classes.explained}>{t("totp.text")}</p>
        <Group justify="space-between">
          <Tag tone={security.has_totp ? "moss" : "neutral"} icon={security.has_totp ? IconCircleCheck : IconCircleDashed}>
            {t(security.has_totp ? "totp.on" : "totp.off")}
          </Tag>
          {security.has_totp ? (
            <Button size="xs" variant="subtle" color="signal" onClick={() => setRemoving("totp")}>
              {t("totp.remove")}
            </Button>
          ) : (
            <Button size="xs" loading={begin.isPending} onClick={() => begin.mutate()}>
              {t("totp.setUp")}
            </Button>
          )}
        </Group>
      </Panel>
      <PasskeyList passkeys={security.passkeys} onAdded={added(t("passkeys.done"))} onRemove={setRemoving} />
      {hasFactor && (
        <Panel title={t("codes.title")}>
          <p className={classes.explained}>{t("codes.text")}</p>
          <Group justify="space-between">
            <Text size="sm">{t("codes.left", { count: security.recovery_codes_left })}</Text>
            <Button
              size="xs"
              variant="default"
              loading={make.isPending}
              onClick={() => make.mutate(undefined, { onSuccess: ({ recovery_codes }) => setCodes(recovery_codes) })}
            >
              {t("codes.make")}
            </Button>
          </Group>
        </Panel>
      )}
      <SessionList sessions={security.sessions} />
      {begin.data && (
        <TotpSetUp secret={begin.data} onDone={added(t("totp.done"))} onClose={() => begin.reset()} />
      )}
      <RecoveryCodesDialog codes={codes} onClose={() => setCodes(null)} />
      {removing !== null && <RemoveDialog what={removing} onClose={() => setRemoving(null)} />}
    </div>
  );
}

function RemoveDialog({ what, onClose }: { what: Passkey | "totp"; onClose: () => void }) {
  const { t } = useTranslation("security");
  const say = useProblemText();
  const removeTotp = useRemoveTotp();
  const removePasskey = useRemovePasskey();
  const error = removeTotp.error ?? removePasskey.error;
  const take = () =>
    what === "totp"
      ? removeTotp.mutate(undefined, { onSuccess: onClose })
      : removePasskey.mutate(what.id, { onSuccess: onClose });
  return (
    <Dialog onClose={onClose} title={t("removeAsk.title")}>
      <Stack>
        <Text size="sm">{t("removeAsk.text")}</Text>
        {error !== null && (
          <Note tone="signal" alert>
            {say(error)}
          </Note>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button color="signal" loading={removeTotp.isPending || removePasskey.isPending} onClick={take}>
            {t(what === "totp" ? "totp.remove" : "passkeys.remove")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
