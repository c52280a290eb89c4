import type { Finding, StudyDetail } from "../api/types";

export interface StudyViewerProps {
  study: StudyDetail;
  seriesInstanceUid: string | null;
  findings: Finding[];
  selectedFindingId: string | null;
  onSelectFinding: (id: string) => void;
}

export function StudyViewer(_props: StudyViewerProps) {
  return null;
}
