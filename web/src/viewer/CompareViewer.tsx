/** The layout "compare": the current study, and an earlier one of the same patient beside it. */
import { useRef, useState } from "react";

import { usePriors } from "../api/hooks";
import { PriorPane, type PriorHandle } from "./PriorPane";
import { RoleBar } from "./RoleBar";
import type { ChangeCause } from "./stackSnapshot";
import { StudyViewer, type LayoutProps } from "./StudyViewer";
import type { ViewerState } from "./viewerState";

export function CompareViewer(props: LayoutProps) {
  const { study, sharedState = null, start, onViewerChange } = props;
  const priors = usePriors(study.study_instance_uid);
  const [chosen, setChosen] = useState<string | null>(start?.prior?.studyInstanceUid ?? null);
  const followed = sharedState?.prior ?? null;
  const priorUid =
    followed?.studyInstanceUid ??
    chosen ??
    (priors.data?.find(({ is_suggested }) => is_suggested) ?? priors.data?.[0])?.study_instance_uid ??
    null;
  const handle = useRef<PriorHandle>(null);

  const tell = (state: ViewerState, cause: ChangeCause) =>
    onViewerChange?.({ ...state, layout: "compare", prior: handle.current?.state() ?? null }, cause);

  return (
    <StudyViewer
      {...props}
      head={<RoleBar of="current" date={study.study_date} />}
      beside={(viewer) => (
        <PriorPane
          key={priorUid}
          ref={handle}
          viewer={viewer}
          priors={priors}
          studyInstanceUid={priorUid}
          onChoose={setChosen}
          followed={followed}
          start={start?.prior ?? null}
          onChange={(cause) => {
            const state = viewer.stack.state(props.selectedFindingId);
            if (state !== null) tell(state, cause);
          }}
        />
      )}
      onViewerChange={(state, cause) => {
        if (cause !== "linked") handle.current?.lead();
        tell(state, cause === "linked" ? "user" : cause);
      }}
    />
  );
}
