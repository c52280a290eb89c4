import { Button, Group, MantineProvider } from "@mantine/core";
import { IconReload } from "@tabler/icons-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";

import { EmptyState } from "../ui/states";
import { takeAway } from "../viewer/pictureAhead";
import { useColorScheme } from "./brightness";
import { surfaces, theme } from "./theme";

/** What stands where a page threw. It has its own provider, for the root may be what failed. */
export function ErrorPage() {
  const { t } = useTranslation();
  const scheme = useColorScheme("office");
  useEffect(takeAway, []);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={surfaces} forceColorScheme={scheme}>
      <EmptyState
        icon={IconReload}
        title={t("crash.title")}
        text={t("crash.text")}
        action={
          <Group justify="center">
            <Button onClick={() => location.reload()}>{t("crash.reload")}</Button>
            <Button variant="default" component="a" href="/">
              {t("home")}
            </Button>
          </Group>
        }
      />
    </MantineProvider>
  );
}
