import { useTranslation } from "react-i18next";

import type { DicomGateway } from "../api/types";
import { Note } from "../ui/Note";
import { Panel } from "../ui/Panel";
import classes from "./devices.module.css";

const EVERYWHERE = ["0.0.0.0", "::"];

/** What is to be entered at the scanner. */
export function OurAddress({ gateway }: { gateway: DicomGateway }) {
  const { t } = useTranslation("devices");
  const facts = [
    [t("gateway.aeTitle"), gateway.ae_title],
    [t("gateway.host"), EVERYWHERE.includes(gateway.host) ? t("gateway.thisMachine") : gateway.host],
    [t("gateway.port"), String(gateway.port)],
    [t("gateway.tls"), t(gateway.tls ? "gateway.tlsOn" : "gateway.tlsOff")],
  ] as const;
  return (
    <Panel title={t("gateway.title")}>
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="tabular">{value}</dd>
          </div>
        ))}
      </dl>
      {gateway.only_this_machine && <Note tone="amber">{t("gateway.onlyHere")}</Note>}
    </Panel>
  );
}
