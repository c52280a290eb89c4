import type { Finding, StudyDetail } from "../api/types";

export interface FindingsPanelProps {
  study: StudyDetail;
  findings: Finding[];
  selectedFindingId: string | null;
  onSelect: (id: string | null) => void;
  consultId?: string;
}

export function FindingsPanel(_props: FindingsPanelProps) {
  return null;
}
