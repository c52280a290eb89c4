import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useDevices } from "../api/hooks";
import type { Rejection } from "../api/types";
import { Narrow } from "../ui/Narrow";
import { PageHead } from "../ui/PageHead";
import { Panel } from "../ui/Panel";
import { ErrorState, LoadingState } from "../ui/states";
import { AddDevice } from "./AddDevice";
import { DeviceList } from "./DeviceList";
import { OurAddress } from "./OurAddress";
import { Rejections } from "./Rejections";
import classes from "./devices.module.css";

/** For hospital IT: what a scanner must know of us, which devices are let in, and which were not. */
export function DevicesPage() {
  const { t } = useTranslation("devices");
  const devices = useDevices();
  const [taken, setTaken] = useState<Rejection | null>(null);
  return (
    <Narrow>
      <PageHead title={t("title")} lead={t("lead")} />
      {devices.isPending && <LoadingState rows={6} />}
      {devices.isError && <ErrorState error={devices.error} onRetry={() => void devices.refetch()} />}
      {devices.isSuccess && (
        <div className={classes.stack}>
          <OurAddress gateway={devices.data.gateway} />
          <DeviceList peers={devices.data.peers} />
          <Panel title={t("add.title")}>
            <AddDevice key={taken ? `${taken.ae_title} ${taken.address}` : ""} from={taken} onAdded={() => setTaken(null)} />
          </Panel>
          <Rejections
            rejections={devices.data.rejections}
            peers={devices.data.peers}
            ourTitle={devices.data.gateway.ae_title}
            onTake={setTaken}
          />
        </div>
      )}
    </Narrow>
  );
}
