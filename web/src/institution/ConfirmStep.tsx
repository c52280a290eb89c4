import { Button, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useResetMemberPassword, useResetSecondFactor, useSwitchMember } from "../api/institutionHooks";
import type { Member } from "../api/types";
import { Dialog } from "../ui/Dialog";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import type { GivenPassword } from "./OneTimePassword";

/** What is asked about before it happens: two of them sign a colleague out, perhaps out of a consult. */
export type MemberStep = "disable" | "enable" | "newPassword" | "resetSecondFactor";

export interface ConfirmStepProps {
  member: Member;
  step: MemberStep;
  onPassword: (given: GivenPassword) => void;
  onClose: () => void;
}

export function ConfirmStep({ member, step, onPassword, onClose }: ConfirmStepProps) {
  const { t } = useTranslation("institution");
  const say = useProblemText();
  const flip = useSwitchMember();
  const reset = useResetMemberPassword();
  const resetFactor = useResetSecondFactor();
  const error = flip.error ?? reset.error ?? resetFactor.error;
  const take = () => {
    if (step === "resetSecondFactor") return resetFactor.mutate(member.id, { onSuccess: onClose });
    if (step !== "newPassword") return flip.mutate({ id: member.id, to: step }, { onSuccess: onClose });
    reset.mutate(member.id, {
      onSuccess: ({ one_time_password: password }) => {
        onClose();
        onPassword({ username: member.username, password });
      },
    });
  };
  return (
    <Dialog
      onClose={onClose}
      title={`${t(`members.${step}`)}: ${member.display_name}`}
    >
      <Stack>
        <Text size="sm">{t(`members.ask.${step}`)}</Text>
        {error !== null && (
          <Note tone="signal" alert>
            {say(error)}
          </Note>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button
            {...(step === "disable" ? { color: "signal" } : {})}
            loading={flip.isPending || reset.isPending || resetFactor.isPending}
            onClick={take}
          >
            {t(`members.${step}`)}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
