import { Button, NumberInput, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlus } from "@tabler/icons-react";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { useAddDevice } from "../api/hooks";
import type { Rejection } from "../api/types";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import classes from "./devices.module.css";

export interface AddDeviceProps {
  /** A device that was turned away and is to be let in. */
  from: Rejection | null;
  onAdded: () => void;
}

export function AddDevice({ from, onAdded }: AddDeviceProps) {
  const { t } = useTranslation("devices");
  const say = useProblemText();
  const add = useAddDevice();
  const [aeTitle, setAeTitle] = useState(from?.ae_title ?? "");
  const [address, setAddress] = useState(from?.address ?? "");
  const [port, setPort] = useState<number | null>(null);
  const [description, setDescription] = useState("");
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    if (from !== null) form.current?.scrollIntoView({ block: "center" });
  }, [from]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(
      { ae_title: aeTitle, address, port, description: description.trim() || null },
      {
        onSuccess: (peer) => {
          notifications.show({ color: "moss", message: t("add.done", { title: peer.ae_title }) });
          setAeTitle("");
          setAddress("");
          setPort(null);
          setDescription("");
          onAdded();
        },
      },
    );
  };
  return (
    <form ref={form} onSubmit={submit}>
      <div className={classes.fields}>
        <TextInput
          label={t("peers.aeTitle")}
          description={t("add.aeTitleHint")}
          required
          maxLength={16}
          value={aeTitle}
          onChange={(event) => setAeTitle(event.currentTarget.value)}
        />
        <TextInput
          label={t("peers.address")}
          description={t("add.addressHint")}
          required
          maxLength={64}
          value={address}
          onChange={(event) => setAddress(event.currentTarget.value)}
        />
        <NumberInput
          label={t("add.port")}
          description={t("add.portHint")}
          hideControls
          allowDecimal={false}
          allowNegative={false}
          min={1}
          max={65535}
          value={port ?? ""}
          onChange={(value) => setPort(typeof value === "number" ? value : null)}
        />
        <TextInput
          label={t("add.description")}
          description={t("add.descriptionHint")}
          maxLength={200}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
      </div>
      {add.isError && (
        <Note tone="signal" alert>
          {say(add.error)}
        </Note>
      )}
      <div className={classes.submit}>
        <Button
          type="submit"
          loading={add.isPending}
          disabled={aeTitle.trim() === "" || address.trim() === ""}
          leftSection={<IconPlus size={16} />}
        >
          {t("add.submit")}
        </Button>
      </div>
    </form>
  );
}
