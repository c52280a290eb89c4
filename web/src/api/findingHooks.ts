/** Decide on findings: accept, edit, reject. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { get, put } from "./client";
import { keys } from "./hooks";
import type { DecisionStatus, Finding, ModelHere, StudyDetail } from "./types";

const path = encodeURIComponent;

export interface Decision {
  finding: Finding;
  status: DecisionStatus;
  reason?: string;
}

/** Write one decision into a cached study, so that the key press shows at once. */
export function withFinding(study: StudyDetail, finding: Finding): StudyDetail {
  return { ...study, findings: study.findings.map((f) => (f.id === finding.id ? finding : f)) };
}

/** What follows from a decision on a finding, whichever way it was made. */
function useDecided() {
  const client = useQueryClient();
  return {
    onSuccess: (finding: Finding) => {
      // An answer that is still on its way may be older than this one.
      void client.cancelQueries({ queryKey: keys.study(finding.study_instance_uid) });
      client.setQueryData<StudyDetail>(keys.study(finding.study_instance_uid), (study) =>
        study === undefined ? study : withFinding(study, finding),
      );
    },
    onSettled: (_result: unknown, _error: unknown, { finding }: { finding: Finding }) => {
      void client.invalidateQueries({ queryKey: keys.study(finding.study_instance_uid) });
      void client.invalidateQueries({ queryKey: ["report"] });
      void client.invalidateQueries({ queryKey: ["model-here"] });
    },
  };
}

export interface BoxEdited {
  finding: Finding;
  /** In pixel edges of the finding's image. */
  box: readonly [number, number, number, number];
  reachMm: readonly [number, number] | null;
}

/** Accept a finding with another box. */
export function useEditFinding() {
  return useMutation({
    mutationFn: ({ finding, box, reachMm }: BoxEdited) =>
      put<Finding>(`/findings/${path(finding.id)}/edit`, { box_px: box, reach_mm: reachMm, version: finding.version }),
    ...useDecided(),
  });
}

/** How many findings of the same model version readers here accepted, edited and rejected. */
export function useModelHere(finding: Finding) {
  return useQuery({
    queryKey: ["model-here", finding.model, finding.model_version],
    queryFn: ({ signal }) => get<ModelHere>(`/findings/${path(finding.id)}/model-here`, signal),
  });
}

export function useDecideFinding() {
  return useMutation({
    mutationFn: ({ finding, status, reason }: Decision) =>
      put<Finding>(`/findings/${path(finding.id)}/decision`, {
        status,
        version: finding.version,
        ...(reason === undefined ? {} : { reason }),
      }),
    ...useDecided(),
  });
}
