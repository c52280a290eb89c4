import { Button, Center, Stack, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import type { Consult } from "../api/types";

/** There is no way in, or no longer: camera, microphone and connection are let go with the room. */
export function RoomClosed({ consult, words }: { consult: Consult; words: string }) {
  const { t } = useTranslation("room");
  return (
    <Center mih="100dvh" p="md">
      <Stack align="center">
        <Title order={2} size="h3" role="status">
          {words}
        </Title>
        <Button component={Link} to={`/consults/${consult.id}`}>
          {t("toConsult")}
        </Button>
        <Button component={Link} to="/" variant="subtle" color="gray">
          {t("common:home")}
        </Button>
      </Stack>
    </Center>
  );
}
