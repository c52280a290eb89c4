import { Button, Checkbox, Group, Modal, Stack, Text } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import { useMe, useSignReport } from "../api/hooks";
import type { Proof } from "../api/types";
import { isGiven, ProofInput } from "../auth/ProofInput";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";

export interface SignDialogProps {
  consultId: string;
  opened: boolean;
  onClose: () => void;
  /** Saves what is typed and gives the version to sign; null where saving failed. */
  flush: () => Promise<number | null>;
}

/** Signing asks for the second factor or the password again: whoever sits at an open screen is not always its user. */
export function SignDialog({ consultId, opened, onClose, flush }: SignDialogProps) {
  const { t } = useTranslation("report");
  const sign = useSignReport(consultId);
  const say = useProblemText();
  const factors = useMe().data?.second_factors ?? [];
  const [proof, setProof] = useState<Proof>({});
  const [read, setRead] = useState(false);
  const [notSaved, setNotSaved] = useState(false);
  const [withoutPictures, setWithoutPictures] = useState(false);

  const close = () => {
    setProof({});
    setRead(false);
    setNotSaved(false);
    setWithoutPictures(false);
    sign.reset();
    onClose();
  };
  const submit = async (given: Proof) => {
    const version = await flush();
    setNotSaved(version === null);
    if (version !== null) sign.mutate({ ...given, version, without_pictures: withoutPictures }, { onSuccess: close });
  };
  const said = (error: Error) =>
    error instanceof ApiError && error.code === "findings-undecided" && error.sentence === null
      ? t("undecidedBlocks")
      : say(error);
  return (
    <Modal opened={opened} onClose={close} title={t("sign.title")} closeButtonProps={{ "aria-label": t("common:close") }}>
      <form
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void submit(proof);
        }}
      >
        <Stack>
          <Text size="sm">{t("sign.text")}</Text>
          {notSaved && (
            <Note tone="signal" alert>
              {t("sign.notSaved")}
            </Note>
          )}
          {sign.isError && (
            <Note tone="signal" alert>
              {said(sign.error)}
            </Note>
          )}
          {(withoutPictures || (sign.error instanceof ApiError && sign.error.code === "pictures-missing")) && (
            <Checkbox
              label={t("sign.withoutPictures")}
              checked={withoutPictures}
              onChange={(event) => setWithoutPictures(event.currentTarget.checked)}
            />
          )}
          <Checkbox
            label={t("sign.read")}
            checked={read}
            onChange={(event) => setRead(event.currentTarget.checked)}
          />
          <ProofInput
            factors={factors}
            value={proof}
            onChange={setProof}
            onPasskey={(passkey) => void submit({ passkey })}
            passwordLabel={t("sign.password")}
            disabled={!read || sign.isPending}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t("common:cancel")}
            </Button>
            <Button type="submit" disabled={!isGiven(proof) || !read} loading={sign.isPending}>
              {t("sign.submit")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
