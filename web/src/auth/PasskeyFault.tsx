import { useTranslation } from "react-i18next";

import { Note } from "../ui/Note";
import { useProblemText } from "../ui/problem";

/** Why a passkey did not work; the browser's own refusals in our words. */
export function PasskeyFault({ error }: { error: unknown }) {
  const { t } = useTranslation("auth");
  const say = useProblemText();
  if (error === null) return null;
  const said = (fault: unknown) => {
    if (!(fault instanceof DOMException)) return say(fault);
    return t(fault.name === "InvalidStateError" ? "proof.passkeyThere" : "proof.passkeyCalledOff");
  };
  return (
    <Note tone="signal" alert>
      {said(error)}
    </Note>
  );
}
