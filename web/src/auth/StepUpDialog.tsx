import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useEffect, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { setStepUp } from "../api/client";
import { useProveAgain } from "../api/hooks";
import type { Me, Proof } from "../api/types";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { isGiven, ProofInput } from "./ProofInput";

/** Opens where the server wants to know again who it is; the step that was refused then goes on by itself. */
export function StepUpDialog({ me }: { me: Me }) {
  const { t } = useTranslation("auth");
  const say = useProblemText();
  const prove = useProveAgain();
  const [proof, setProof] = useState<Proof>({});
  // Everybody who waits; several requests may have been refused at once.
  const [waiting, setWaiting] = useState<readonly ((done: boolean) => void)[]>([]);
  useEffect(() => {
    setStepUp(() => new Promise((resolve) => setWaiting((before) => [...before, resolve])));
    return () => setStepUp(null);
  }, []);
  const end = (done: boolean) => {
    waiting.forEach((resolve) => resolve(done));
    setWaiting([]);
    setProof({});
    prove.reset();
  };
  const send = (given: Proof) => prove.mutate(given, { onSuccess: () => end(true), onError: () => setProof({}) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send(proof);
  };
  return (
    <Modal
      opened={waiting.length > 0}
      onClose={() => end(false)}
      zIndex={400}
      title={t("stepUp.title")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{t("stepUp.text")}</Text>
          {prove.isError && (
            <Note tone="signal" alert>
              {say(prove.error)}
            </Note>
          )}
          <ProofInput
            factors={me.second_factors}
            value={proof}
            onChange={setProof}
            onPasskey={(passkey) => send({ passkey })}
            passwordLabel={t("stepUp.password")}
            disabled={prove.isPending}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={() => end(false)}>
              {t("common:cancel")}
            </Button>
            <Button type="submit" loading={prove.isPending} disabled={!isGiven(proof)}>
              {t("stepUp.submit")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
