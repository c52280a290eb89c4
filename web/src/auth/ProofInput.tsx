import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { IconFingerprint } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { hasPasskeys } from "../api/passkeys";
import { useAskPasskey } from "../api/securityHooks";
import type { PasskeyAnswer, Proof, SecondFactor } from "../api/types";
import { PasskeyFault } from "./PasskeyFault";

export interface ProofInputProps {
  factors: readonly SecondFactor[];
  value: Proof;
  onChange: (proof: Proof) => void;
  /** A passkey needs no further press. */
  onPasskey: (answer: PasskeyAnswer) => void;
  passwordLabel: string;
  /** Of a sign-in that waits for its second step; null: of whoever is signed in. */
  token?: string | null;
  disabled?: boolean;
}

export const isGiven = (proof: Proof) => (proof.password ?? proof.code ?? "") !== "";

/** By what a user proves who it is: the second factor where there is one, else the password. */
export function ProofInput({
  factors,
  value,
  onChange,
  onPasskey,
  passwordLabel,
  token = null,
  disabled = false,
}: ProofInputProps) {
  const { t } = useTranslation("auth");
  const ask = useAskPasskey();
  if (factors.length === 0) {
    return (
      <PasswordInput
        label={passwordLabel}
        autoComplete="current-password"
        required
        withAsterisk={false}
        data-autofocus
        value={value.password ?? ""}
        onChange={(event) => onChange({ password: event.currentTarget.value })}
        visibilityToggleButtonProps={{ "aria-label": t("login.reveal") }}
      />
    );
  }
  return (
    <Stack gap="md">
      {factors.includes("passkey") && hasPasskeys() && (
        <Button
          variant="default"
          leftSection={<IconFingerprint size={16} />}
          loading={ask.isPending}
          disabled={disabled}
          onClick={() => ask.mutate(token, { onSuccess: onPasskey })}
        >
          {t("proof.usePasskey")}
        </Button>
      )}
      <PasskeyFault error={ask.error} />
      <TextInput
        label={t(factors.includes("totp") ? "proof.code" : "proof.recoveryCode")}
        description={t(factors.includes("totp") ? "proof.codeHint" : "proof.recoveryCodeHint")}
        autoComplete="one-time-code"
        autoCapitalize="off"
        spellCheck={false}
        maxLength={64}
        data-autofocus
        value={value.code ?? ""}
        onChange={(event) => onChange({ code: event.currentTarget.value })}
      />
    </Stack>
  );
}
