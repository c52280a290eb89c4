export interface ReportEditorProps {
  consultId: string;
}

export function ReportEditor(_props: ReportEditorProps) {
  return null;
}
