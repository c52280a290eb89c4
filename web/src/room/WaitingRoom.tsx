import { Button, Center, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Consult } from "../api/types";

/** Calm while a moderator is asked: nothing to do, and nothing of the room is heard or shown yet. */
export function WaitingRoom({ consult }: { consult: Consult }) {
  const { t } = useTranslation("room");
  return (
    <Center mih="100dvh" p="md">
      <Stack align="center" maw={440} ta="center">
        <Title order={2} size="h3" role="status">
          {t("waitingRoom.here")}
        </Title>
        <Text>{t("waitingRoom.text")}</Text>
        <Button component={Link} to={`/consults/${consult.id}`} variant="default">
          {t("leave")}
        </Button>
      </Stack>
    </Center>
  );
}
