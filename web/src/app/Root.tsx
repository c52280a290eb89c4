import { MantineProvider, MantineThemeProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { useTranslation } from "react-i18next";
import { Outlet, useMatches } from "react-router";

import { useColorScheme } from "./brightness";
import { surfaces, theme } from "./theme";

/** What a route says about itself. `reading`: images are read on it. */
export interface RouteHandle {
  reading?: boolean;
}

export function Root() {
  const matches = useMatches();
  const reading = matches.some((match) => (match.handle as RouteHandle | undefined)?.reading === true);
  const { t } = useTranslation();
  const scheme = useColorScheme(reading ? "reading" : "office");
  return (
    <MantineProvider theme={theme} cssVariablesResolver={surfaces} forceColorScheme={scheme}>
      <MantineThemeProvider theme={{ components: { Notification: { defaultProps: { closeButtonProps: { "aria-label": t("close") } } } } }}>
        <Notifications position="bottom-right" limit={3} />
      </MantineThemeProvider>
      <Outlet />
    </MantineProvider>
  );
}
