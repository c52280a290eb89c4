import { Button, Checkbox, Group, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import type { Member, MemberTerms, NewMember, Role } from "../api/types";
import { useLanguage } from "../app/i18n";
import { SPECIALTIES } from "../consults/status";
import { Dialog } from "../ui/Dialog";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import classes from "./institution.module.css";
import { ROLES } from "./roles";

export interface MemberFormProps {
  /** Whose entry is changed; null: somebody new. */
  member: Member | null;
  pending: boolean;
  error: unknown;
  onSubmit: (member: NewMember) => void;
  onClose: () => void;
}

export function MemberForm({ member, pending, error, onSubmit, onClose }: MemberFormProps) {
  const { t } = useTranslation("institution");
  const say = useProblemText();
  const pageLanguage = useLanguage();
  const [username, setUsername] = useState(member?.username ?? "");
  const [displayName, setDisplayName] = useState(member?.display_name ?? "");
  const [roles, setRoles] = useState<string[]>(member?.roles ?? []);
  const [specialty, setSpecialty] = useState(member?.specialty ?? "");
  const [language, setLanguage] = useState(member?.language ?? pageLanguage);
  const lacksSpecialty = specialty === "" && (roles.includes("specialist") || roles.includes("radiologist"));
  const complete =
    username.trim().length >= 2 && displayName.trim() !== "" && roles.length > 0 && !lacksSpecialty;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit({
      username: username.trim(),
      display_name: displayName.trim(),
      roles: roles as Role[],
      specialty: specialty === "" ? null : (specialty as NonNullable<MemberTerms["specialty"]>),
      language,
    });
  };
  return (
    <Dialog
      size="lg"
      onClose={onClose}
      title={member === null ? t("members.add") : t("members.changeTitle", { name: member.display_name })}
    >
      <form onSubmit={submit}>
        <Stack>
          <div className={classes.fields}>
            <TextInput
              label={t("members.username")}
              description={t("members.usernameHint")}
              required
              disabled={member !== null}
              maxLength={64}
              autoComplete="off"
              value={username}
              onChange={(event) => setUsername(event.currentTarget.value)}
            />
            <TextInput
              label={t("members.displayName")}
              description={t("members.displayNameHint")}
              required
              maxLength={200}
              value={displayName}
              onChange={(event) => setDisplayName(event.currentTarget.value)}
            />
            <NativeSelect
              label={t("members.specialty")}
              value={specialty}
              onChange={(event) => setSpecialty(event.currentTarget.value)}
              error={lacksSpecialty ? t("members.specialtyNeeded") : null}
              data={[
                { value: "", label: t("members.noSpecialty") },
                ...SPECIALTIES.map((value) => ({ value, label: t(`common:specialty.${value}`) })),
              ]}
            />
            <NativeSelect
              label={t("common:menu.language")}
              value={language}
              onChange={(event) => setLanguage(event.currentTarget.value === "en" ? "en" : "zh-CN")}
              data={[
                { value: "zh-CN", label: "简体中文" },
                { value: "en", label: "English" },
              ]}
            />
          </div>
          <Checkbox.Group label={t("members.roles")} value={roles} onChange={setRoles}>
            <Group gap="sm" mt={6}>
              {ROLES.map((role) => (
                <Checkbox key={role} value={role} label={t(`common:role.${role}`)} />
              ))}
            </Group>
          </Checkbox.Group>
          {error !== null && error !== undefined && (
            <Note tone="signal" alert>
              {say(error)}
            </Note>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:cancel")}
            </Button>
            <Button type="submit" loading={pending} disabled={!complete}>
              {t(member === null ? "members.add" : "members.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
