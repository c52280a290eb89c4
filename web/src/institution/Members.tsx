import { Button } from "@mantine/core";
import { IconBan, IconKey, IconPencil, IconShieldOff, IconUserCheck, IconUserOff, IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useAddMember, useChangeMember, useMembers } from "../api/institutionHooks";
import type { Member } from "../api/types";
import { Panel } from "../ui/Panel";
import { EmptyState, ErrorState, LoadingState } from "../ui/states";
import { Tag } from "../ui/Tag";
import { ConfirmStep, type MemberStep } from "./ConfirmStep";
import classes from "./institution.module.css";
import { MemberForm } from "./MemberForm";
import { OneTimePassword, type GivenPassword } from "./OneTimePassword";
import { SecondFactorRule } from "./SecondFactorRule";

interface RowProps {
  member: Member;
  onChange: () => void;
  onAsk: (step: MemberStep) => void;
}

function Row({ member, onChange, onAsk }: RowProps) {
  const { t } = useTranslation("institution");
  const to = member.disabled_at === null ? "disable" : "enable";
  return (
    <li className={classes.row}>
      <div className={classes.what}>
        <div className={classes.title}>
          {member.display_name}
          {member.disabled_at !== null && (
            <Tag tone="neutral" icon={IconBan} plain>
              {t("members.disabled")}
            </Tag>
          )}
          {member.disabled_at === null && member.must_change_password && (
            <Tag tone="amber" icon={IconKey} plain>
              {t("members.passwordUnused")}
            </Tag>
          )}
        </div>
        <div className={classes.muted}>
          {[
            member.username,
            ...member.roles.map((role) => t(`common:role.${role}`)),
            member.specialty !== null && t(`common:specialty.${member.specialty}`),
          ]
            .filter(Boolean)
            .join(" · ")}
        </div>
      </div>
      <div className={classes.actions}>
        <Button size="xs" variant="default" leftSection={<IconPencil size={14} />} onClick={onChange}>
          {t("members.change")}
        </Button>
        {member.disabled_at === null && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconKey size={14} />}
            onClick={() => onAsk("newPassword")}
          >
            {t("members.newPassword")}
          </Button>
        )}
        {member.has_second_factor && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconShieldOff size={14} />}
            onClick={() => onAsk("resetSecondFactor")}
          >
            {t("members.resetSecondFactor")}
          </Button>
        )}
        <Button
          size="xs"
          variant="subtle"
          color={to === "disable" ? "signal" : "petrol"}
          leftSection={to === "disable" ? <IconUserOff size={14} /> : <IconUserCheck size={14} />}
          onClick={() => onAsk(to)}
        >
          {t(`members.${to}`)}
        </Button>
      </div>
    </li>
  );
}

/** Who works at the own institution; for its administrators. */
export function Members() {
  const { t } = useTranslation("institution");
  const members = useMembers(true);
  const add = useAddMember();
  const change = useChangeMember();
  const [editing, setEditing] = useState<Member | "new" | null>(null);
  const [asked, setAsked] = useState<{ member: Member; step: MemberStep } | null>(null);
  const [given, setGiven] = useState<GivenPassword | null>(null);
  const dismiss = () => {
    setEditing(null);
    add.reset();
    change.reset();
  };
  return (
    <div className={classes.stack}>
      <Panel
        flush
        title={t("members.title")}
        actions={
          <Button size="xs" leftSection={<IconUserPlus size={14} />} onClick={() => setEditing("new")}>
            {t("members.add")}
          </Button>
        }
      >
        <p className={classes.explained}>{t("members.text")}</p>
        {members.isPending && <LoadingState rows={5} />}
        {members.isError && <ErrorState error={members.error} onRetry={() => void members.refetch()} />}
        {members.isSuccess &&
          (members.data.length === 0 ? (
            <EmptyState icon={IconUserOff} title={t("members.empty")} />
          ) : (
            <ul className={classes.rows}>
              {members.data.map((member) => (
                <Row
                  key={member.id}
                  member={member}
                  onChange={() => setEditing(member)}
                  onAsk={(step) => setAsked({ member, step })}
                />
              ))}
            </ul>
          ))}
        {editing !== null && (
          <MemberForm
            member={editing === "new" ? null : editing}
            pending={add.isPending || change.isPending}
            error={editing === "new" ? add.error : change.error}
            onClose={dismiss}
            onSubmit={({ username, ...terms }) => {
              if (editing !== "new") return change.mutate({ id: editing.id, terms }, { onSuccess: dismiss });
              add.mutate(
                { username, ...terms },
                {
                  onSuccess: ({ one_time_password: password }) => {
                    dismiss();
                    setGiven({ username, password });
                  },
                },
              );
            }}
          />
        )}
        {asked !== null && <ConfirmStep {...asked} onPassword={setGiven} onClose={() => setAsked(null)} />}
        <OneTimePassword given={given} onClose={() => setGiven(null)} />
      </Panel>
      <SecondFactorRule />
    </div>
  );
}
