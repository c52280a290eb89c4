import { Anchor, Button, Stack, Text } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import { useSecondStep } from "../api/hooks";
import type { Proof, SecondFactor } from "../api/types";
import { isGiven, ProofInput } from "./ProofInput";
import { SignInFault } from "./SignInFault";

export interface Started {
  token: string;
  methods: readonly SecondFactor[];
}

/** What a sign-in whose password was right waits for; null where the error says something else. */
export function startedBy(error: unknown): Started | null {
  if (!(error instanceof ApiError) || error.code !== "second-factor-needed") return null;
  const { token, methods } = error.members;
  return { token: String(token), methods: methods as SecondFactor[] };
}

export function SecondStep({ started, onAgain }: { started: Started; onAgain: () => void }) {
  const { t } = useTranslation("auth");
  const step = useSecondStep();
  const [proof, setProof] = useState<Proof>({});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    step.mutate({ token: started.token, ...proof }, { onError: () => setProof({}) });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text size="sm">{t("secondStep.text")}</Text>
        <SignInFault error={step.error} />
        <ProofInput
          factors={started.methods}
          token={started.token}
          value={proof}
          onChange={setProof}
          onPasskey={(passkey) => step.mutate({ token: started.token, passkey })}
          passwordLabel={t("login.password")}
          disabled={step.isPending}
        />
        <Button type="submit" size="md" loading={step.isPending} disabled={!isGiven(proof)}>
          {t("secondStep.submit")}
        </Button>
        <Anchor component="button" type="button" size="sm" onClick={onAgain}>
          {t("secondStep.again")}
        </Anchor>
      </Stack>
    </form>
  );
}
