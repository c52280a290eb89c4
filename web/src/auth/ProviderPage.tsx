import { Anchor, Loader, Stack, Text } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link, Navigate, useNavigate, useSearchParams } from "react-router";

import { useMe } from "../api/hooks";
import { useProviderLogin } from "../api/providerHooks";
import { Note } from "../ui/Note";
import { AuthFrame } from "./AuthFrame";
import { keptDestination } from "./destination";
import { SecondStep, startedBy } from "./SecondStep";
import { SignInFault } from "./SignInFault";

/** To where a hospital's identity provider sends the browser back. */
export function ProviderPage() {
  const { t } = useTranslation("auth");
  const [answer] = useSearchParams();
  const navigate = useNavigate();
  const me = useMe();
  const { mutate, error } = useProviderLogin();
  const code = answer.get("code");
  const state = answer.get("state");
  const iss = answer.get("iss");
  const sent = useRef<string>(null); // an answer counts once
  const isOutside = !me.isPending && !me.data;
  useEffect(() => {
    if (!isOutside || code === null || state === null || sent.current === state) return;
    sent.current = state;
    mutate({ code, state, iss });
  }, [isOutside, code, state, iss, mutate]);

  if (me.data) return <Navigate to={keptDestination()} replace />;
  const started = startedBy(error);
  if (started !== null) {
    return (
      <AuthFrame title={t("secondStep.title")} lead="">
        <SecondStep started={started} onAgain={() => void navigate("/login", { replace: true })} />
      </AuthFrame>
    );
  }
  const isCalledOff = code === null || state === null;
  return (
    <AuthFrame title={t("provider.title")} lead={t("provider.lead")}>
      <Stack>
        {isCalledOff && (
          <Note tone="amber" alert>
            {t("provider.calledOff")}
          </Note>
        )}
        <SignInFault error={error} />
        {isCalledOff || error !== null ? (
          <Anchor component={Link} to="/login" replace>
            {t("provider.again")}
          </Anchor>
        ) : (
          <Text role="status">
            <Loader size="xs" mr="xs" aria-hidden />
            {t("provider.checking")}
          </Text>
        )}
      </Stack>
    </AuthFrame>
  );
}
