/** Shapes on the wire, with the wire's own names. Times are ISO 8601 UTC, lengths are mm unless named. */

export type Language = "zh-CN" | "en";

/** A sentence for clinicians in both languages; the code is stable, the words may be improved. */
export interface Sentence {
  code: string;
  en: string;
  zh: string;
}

/** RFC 9457 problem document. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  sentence: Sentence;
}

export interface Institution {
  id: string;
  name_en: string;
  name_zh: string;
}

export type Role = "grassroots-clinician" | "specialist" | "radiologist" | "administrator";

export interface Me {
  id: string;
  username: string;
  display_name: string;
  roles: Role[];
  institution: Institution;
  specialty: string | null;
  language: Language;
  must_change_password: boolean;
}

export interface Person {
  id: string;
  display_name: string;
  institution: Institution;
}

export interface PatientRef {
  id: string;
  name: string;
  patient_id: string;
  birth_date: string | null;
  sex: string | null;
}

export interface Patient extends PatientRef {
  study_count: number;
}

export type AiStatus = "none" | "queued" | "running" | "completed" | "failed" | "not-usable";

export interface AiSummary {
  status: AiStatus;
  /** 0..1 */
  progress: number;
  stage: string | null;
  finding_count: number;
  undecided_count: number;
  reason: Sentence | null;
}

export interface StudySummary {
  study_instance_uid: string;
  patient: PatientRef;
  study_date: string | null;
  study_description: string | null;
  modalities: string[];
  series_count: number;
  instance_count: number;
  institution: Institution;
  uploaded_by: { id: string; display_name: string } | string | null;
  received_at: string;
  ai: AiSummary;
}

export type Verdict = "usable" | "usable-with-caution" | "not-usable";

export interface Instance {
  sop_instance_uid: string;
  instance_number: number | null;
  /** Position along the slice normal. */
  position_mm: number | null;
  number_of_frames: number;
}

export interface Series {
  series_instance_uid: string;
  modality: string;
  description: string | null;
  series_number: number | null;
  body_part: string | null;
  instance_count: number;
  verdict: Verdict | null;
  model: string | null;
  reasons: Sentence[];
  /** In slice order. */
  instances: Instance[];
}

/** FHIR Task codes. */
export type JobStatus = "requested" | "in-progress" | "completed" | "failed" | "cancelled";

export interface InferenceJob {
  id: string;
  series_instance_uid: string;
  model: string;
  status: JobStatus;
  progress: number;
  stage: string | null;
  attempts: number;
  reason: Sentence | null;
}

export interface StudyDetail extends StudySummary {
  series: Series[];
  findings: Finding[];
  jobs: InferenceJob[];
}

export type FindingKind = "nodule" | "mass" | "calcification-cluster";
export type DecisionStatus = "preliminary" | "accepted" | "rejected";

export interface Finding {
  id: string;
  kind: FindingKind;
  /** 0..1 */
  probability: number;
  threshold: number;
  study_instance_uid: string;
  series_instance_uid: string;
  sop_instance_uid: string;
  /** x to the left, y to the back, z to the head. */
  centre_lps_mm: [number, number, number] | null;
  box_lps_mm: [number, number, number, number, number, number] | null;
  /** x0, y0, x1, y1 on the stored pixel grid of sop_instance_uid. */
  box_px: [number, number, number, number] | null;
  diameter_mm: number | null;
  model: string;
  model_version: string;
  weights_sha256: string;
  status: DecisionStatus;
  decided_by: { id: string; display_name: string } | null;
  decided_at: string | null;
  decision_reason: string | null;
  version: number;
}

export type FileVerdict = "stored" | "refused" | "quarantined";

export interface FileResult {
  path: string;
  verdict: FileVerdict;
  reason: Sentence | null;
  already_present: boolean;
  study_instance_uid: string | null;
  series_instance_uid: string | null;
  sop_instance_uid: string | null;
}

export interface Upload {
  upload_id: string;
  status: "open" | "complete";
  stored_count: number;
  /** Those that are not stored. */
  files: FileResult[];
  studies: StudySummary[];
  notices: Sentence[];
}

export type ConsultStatus =
  | "draft"
  | "requested"
  | "returned"
  | "accepted"
  | "scheduled"
  | "in-progress"
  | "on-hold"
  | "reporting"
  | "signed"
  | "closed"
  | "declined"
  | "cancelled"
  | "no-show";

export type ConsultEvent =
  | "submit"
  | "accept"
  | "decline"
  | "return"
  | "withdraw"
  | "schedule"
  | "start"
  | "hold"
  | "resume"
  | "end"
  | "sign"
  | "acknowledge"
  | "amend"
  | "report-without-call"
  | "reschedule"
  | "call-off"
  | "nobody-came";

export type Urgency = "routine" | "urgent" | "emergency";
export type LegalRole = "consultation" | "remote-diagnosis";
export type ConsentMethod = "written" | "witnessed" | "emergency";

export interface Consent {
  given: boolean;
  method: ConsentMethod;
  note?: string | null;
}

export interface HistoryEntry {
  at: string;
  event: string;
  actor: { id: string; display_name: string } | string | null;
  reason: string | null;
}

export interface Consult {
  id: string;
  status: ConsultStatus;
  version: number;
  patient: PatientRef;
  question: string;
  urgency: Urgency;
  specialty: string;
  legal_role: LegalRole;
  consent: Consent;
  requested_by: Person;
  specialist: Person | null;
  studies: StudySummary[];
  created_at: string;
  history: HistoryEntry[];
  possible_events: ConsultEvent[];
  report_status: ReportStatus | null;
}

export interface NewConsult {
  patient_id: string;
  question: string;
  urgency: Urgency;
  specialty: string;
  legal_role: LegalRole;
  study_instance_uids: string[];
  consent: Consent;
}

export interface JoinTicket {
  signaling_url: string;
  join_token: string;
  ice_servers: RTCIceServer[];
}

export type ReportStatus = "preliminary" | "final" | "amended";

export interface ReportSections {
  findings_text: string;
  conclusion: string;
  recommendation: string;
}

export interface Report extends ReportSections {
  consult_id: string;
  status: ReportStatus;
  version: number;
  /** Accepted ones only. */
  findings: Finding[];
  undecided_count: number;
  signed_by: { id: string; display_name: string } | string | null;
  signed_at: string | null;
  /** Whether this user may write and sign it now. */
  may_write: boolean;
}

export type ServerEvent =
  | { type: "study-changed"; study_instance_uid: string }
  | { type: "findings-changed"; study_instance_uid: string }
  | { type: "consult-changed"; consult_id: string }
  | { type: "report-changed"; consult_id: string }
  | { type: "upload-changed"; upload_id: string };
