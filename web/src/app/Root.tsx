import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { Outlet, useMatches } from "react-router";

import { surfaces, theme } from "./theme";

/** What a route says about itself. `reading` asks for the dark theme that images are read in. */
export interface RouteHandle {
  reading?: boolean;
}

export function Root() {
  const matches = useMatches();
  const reading = matches.some((match) => (match.handle as RouteHandle | undefined)?.reading === true);
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={surfaces}
      forceColorScheme={reading ? "dark" : "light"}
    >
      <Notifications position="bottom-right" limit={3} />
      <Outlet />
    </MantineProvider>
  );
}
