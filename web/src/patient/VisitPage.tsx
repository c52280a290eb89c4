/** /p/:token: the patient's way into the call, without an account. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";

import { ApiError } from "../api/client";
import { Visit, type Phase } from "../api/visit";
import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";
import { ErrorState, LoadingState } from "../ui/states";
import { CodeForm } from "./CodeForm";
import { ConsentStep } from "./ConsentStep";
import { PatientRoom } from "./PatientRoom";
import { VisitEnd } from "./VisitEnd";
import { VisitFrame } from "./VisitFrame";

const PRESENCE_MS = 4_000;

/** Why a link does not open (again): what another try cannot change. */
const endOf = (error: unknown): string | null =>
  error instanceof ApiError && error.code.startsWith("link-") && error.code !== "link-code-missing" ? error.code : null;

export function VisitPage() {
  const { token = "" } = useParams();
  const visit = useMemo(() => new Visit(token), [token]);
  const door = useQuery({
    queryKey: ["visit", token, "door"],
    queryFn: ({ signal }) => visit.needsCode(signal),
    refetchOnWindowFocus: false,
  });
  const end = endOf(door.error);
  if (end !== null) return <VisitEnd code={end} />;
  if (door.isError && door.error instanceof ApiError && door.error.status === 422) return <VisitEnd code="link-unknown" />;
  if (door.isPending || door.isError) {
    return (
      <VisitFrame>
        {door.isError ? <ErrorState error={door.error} onRetry={() => void door.refetch()} /> : <LoadingState rows={4} />}
      </VisitFrame>
    );
  }
  if (door.data) return <CodeForm visit={visit} onRight={() => void door.refetch()} />;
  return <Appointed visit={visit} />;
}

/** The code was given in this browser: consent, devices, waiting room, call. */
function Appointed({ visit }: { visit: Visit }) {
  const { t } = useTranslation("visit");
  const say = useProblemText();
  const [phase, setPhase] = useState<Phase>("preparing");
  const presence = useQuery({
    queryKey: ["visit", visit.token, "presence", phase],
    queryFn: ({ signal }) => visit.tellPresence(phase, signal),
    placeholderData: (before) => before,
    refetchInterval: PRESENCE_MS,
    refetchIntervalInBackground: true,
    staleTime: 0,
  });
  const refresh = () => void presence.refetch();
  const end = endOf(presence.error);
  if (end !== null) return <VisitEnd code={end} />;
  const appointment = presence.data;
  if (appointment === undefined) {
    return (
      <VisitFrame>
        {presence.isError ? <ErrorState error={presence.error} onRetry={refresh} /> : <LoadingState rows={6} />}
      </VisitFrame>
    );
  }
  const isPatient = appointment.kind === "patient";
  if (isPatient && !appointment.has_consented) {
    return <ConsentStep visit={visit} appointment={appointment} hasLeft={phase !== "preparing"} onSigned={refresh} />;
  }
  if (!appointment.may_enter) {
    return (
      <VisitFrame title={t("paused.title")}>
        <Note tone="amber">{t("paused.text")}</Note>
        {presence.isError && <Note tone="signal">{say(presence.error)}</Note>}
      </VisitFrame>
    );
  }
  return <PatientRoom visit={visit} appointment={appointment} onPhase={setPhase} onChanged={refresh} />;
}
