import { Center, Loader } from "@mantine/core";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, Outlet, useLocation } from "react-router";

import { EventsOpenProvider, useEventStream } from "../api/events";
import { useMe, useSessionIsOver } from "../api/hooks";
import { SessionOverDialog } from "../auth/SessionOverDialog";
import { StepUpDialog } from "../auth/StepUpDialog";
import { ErrorState } from "../ui/states";
import { Rings } from "../ringing/Rings";
import { showLanguage } from "./i18n";

/** Lets only a signed-in user through, in the user's language, and holds the one event stream open. */
export function SessionGate() {
  const { t } = useTranslation();
  const me = useMe();
  const isOver = useSessionIsOver();
  const location = useLocation();
  const ready = me.data !== undefined && me.data !== null && !me.data.must_change_password;
  const eventsOpen = useEventStream(ready && me.data?.must_set_up_second_factor === false);
  // Until the first own password the screen keeps the language that it has; PasswordPage makes it the setting.
  const language = ready ? me.data?.language : undefined;

  useEffect(() => {
    if (language !== undefined) void showLanguage(language);
  }, [language]);

  if (me.isPending) {
    return (
      <Center mih="100dvh" role="status" aria-label={t("loading")}>
        <Loader size="sm" />
      </Center>
    );
  }
  if (me.isLoadingError) return <ErrorState error={me.error} onRetry={() => void me.refetch()} />;
  if (me.data === null) {
    return <Navigate to="/login" replace state={{ from: location.pathname + location.search }} />;
  }
  if (me.data.must_change_password) return <Navigate to="/password" replace />;
  if (me.data.must_set_up_second_factor && location.pathname !== "/security") {
    return <Navigate to="/security" replace />;
  }
  return (
    <EventsOpenProvider value={eventsOpen}>
      <Outlet />
      <Rings />
      <StepUpDialog me={me.data} />
      {isOver && <SessionOverDialog me={me.data} />}
    </EventsOpenProvider>
  );
}
