import { Button, TextInput } from "@mantine/core";
import { IconCloud, IconDeviceMobile, IconFingerprint } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { hasPasskeys } from "../api/passkeys";
import { useAddPasskey } from "../api/securityHooks";
import type { Passkey } from "../api/types";
import { useLanguage } from "../app/i18n";
import { PasskeyFault } from "../auth/PasskeyFault";
import { formatInstant } from "../ui/format";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import { Tag } from "../ui/Tag";
import classes from "./security.module.css";

export interface PasskeyListProps {
  passkeys: readonly Passkey[];
  onAdded: (codes: readonly string[] | null) => void;
  onRemove: (passkey: Passkey) => void;
}

export function PasskeyList({ passkeys, onAdded, onRemove }: PasskeyListProps) {
  const { t } = useTranslation("security");
  const language = useLanguage();
  const add = useAddPasskey();
  const [name, setName] = useState("");
  const when = (at: string) => formatInstant(at, new Date(), language);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(name.trim(), {
      onSuccess: ({ recovery_codes }) => {
        setName("");
        onAdded(recovery_codes);
      },
    });
  };
  return (
    <Panel title={t("passkeys.title")}>
      <p className={classes.explained}>{t("passkeys.text")}</p>
      <ul className={classes.rows}>
        {passkeys.map((one) => (
          <li key={one.id} className={classes.rowInside}>
            <div className={classes.what}>
              <div className={classes.name}>
                {one.name}
                <Tag tone="neutral" icon={one.is_backed_up ? IconCloud : IconDeviceMobile} plain>
                  {t(one.is_backed_up ? "passkeys.backedUp" : "passkeys.oneDevice")}
                </Tag>
              </div>
              <div className={`${classes.muted} tabular`}>
                {t("passkeys.for", { host: one.rp_id })} · {t("passkeys.made", { when: when(one.created_at) })}
                {one.last_used_at !== null && ` · ${t("passkeys.used", { when: when(one.last_used_at) })}`}
              </div>
            </div>
            <Button
              size="xs"
              variant="subtle"
              color="signal"
              aria-label={t("passkeys.removeNamed", { name: one.name })}
              onClick={() => onRemove(one)}
            >
              {t("passkeys.remove")}
            </Button>
          </li>
        ))}
      </ul>
      {hasPasskeys() ? (
        <form onSubmit={submit}>
          <div className={classes.rowInside} style={{ alignItems: "end" }}>
            <TextInput
              className={classes.what ?? ""}
              label={t("passkeys.name")}
              description={t("passkeys.nameHint")}
              maxLength={80}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Button
              type="submit"
              variant="default"
              leftSection={<IconFingerprint size={16} />}
              disabled={name.trim() === ""}
              loading={add.isPending}
            >
              {t("passkeys.add")}
            </Button>
          </div>
          <PasskeyFault error={add.error} />
        </form>
      ) : (
        <Note tone="neutral">{t("passkeys.insecure")}</Note>
      )}
    </Panel>
  );
}
