/** Asks for the text of an arrow. */
import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";

import { textRequest, type TextRequest } from "./measurements";

const MOST_LETTERS = 80;

function TextForm({ request }: { request: TextRequest }) {
  const { t } = useTranslation("viewer");
  const [text, setText] = useState(request.label);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        request.done(text.trim());
      }}
    >
      <TextInput
        label={t("arrowText.label")}
        value={text}
        maxLength={MOST_LETTERS}
        data-autofocus
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={() => request.done("")}>
          {t("arrowText.cancel")}
        </Button>
        <Button type="submit" disabled={text.trim() === ""}>
          {t("arrowText.keep")}
        </Button>
      </Group>
    </form>
  );
}

export function MeasurementText() {
  const { t } = useTranslation("viewer");
  const { t: common } = useTranslation();
  const request = useSyncExternalStore(textRequest.subscribe, textRequest.get);
  return (
    <Modal
      opened={request !== null}
      onClose={() => request?.done("")}
      title={t("arrowText.title")}
      closeButtonProps={{ "aria-label": common("close") }}
    >
      {request !== null && <TextForm request={request} />}
    </Modal>
  );
}
