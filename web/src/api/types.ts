/** Short names for the generated shapes, with the wire's own names; what OpenAPI does not describe is written here. */
import type { components } from "./schema";

type Schemas = components["schemas"];

/** A sentence for clinicians in both languages; the code is stable, the words may be improved. */
export type Sentence = Schemas["Sentence"];

/** RFC 9457 problem document. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  sentence: Sentence;
}

export type Me = Schemas["MeOut"];
export type Language = Me["language"];
export type Preferences = Schemas["MeIn"];
export type SecondFactor = Me["second_factors"][number];
export type Proof = Schemas["ProofIn"];
export type OidcProvider = Schemas["OidcProviderOut"];
export type OidcAnswer = Schemas["OidcAnswerIn"];
export type PasskeyAnswer = Schemas["AssertionIn"];
export type PasskeyQuestion = Schemas["ChallengeOut"];
export type NewPasskeyQuestion = Schemas["NewPasskeyOut"];
export type NewPasskey = Schemas["PasskeyIn"];
export type Security = Schemas["SecurityOut"];
export type Passkey = Security["passkeys"][number];
export type OpenSession = Security["sessions"][number];
export type NewTotp = Schemas["NewTotpOut"];
export type SecondFactorRule = Schemas["SecondFactorRule"];
export type RecoveryCodes = Schemas["RecoveryCodesOut"];
export type Role = Schemas["Role"];
export type Institution = Schemas["InstitutionOut"];
export type Person = Schemas["UserRefOut"];

export type PatientRef = Schemas["PatientOut"];
export type Patient = Schemas["PatientWithStudiesOut"];

export type AiSummary = Schemas["AiOut"];
export type AiStatus = AiSummary["status"];
export type ReadingWish = Schemas["ReadingWish"];
export type Studies = Schemas["StudiesOut"];
export type StudySummary = Schemas["StudySummaryOut"];
export type Prior = Schemas["PriorOut"];
export type StudyDetail = Schemas["StudyDetailOut"];
export type Series = Schemas["SeriesOut"];
export type Verdict = NonNullable<Series["verdict"]>;
export type Instance = Schemas["InstanceOut"];
export type InferenceJob = Schemas["JobOut"];
export type JobStatus = Schemas["JobStatus"];

export type Finding = Schemas["FindingOut"];
export type Mammography = Schemas["MammographyOut"];
export type FindingKind = Schemas["FindingKind"];
export type Evidence = Schemas["EvidenceOut"];

export type ModelReportCards = Schemas["ReportCardsOut"];
export type ModelReportCard = Schemas["ReportCardOut"];
export type ModelAlarm = Schemas["AlarmOut"];
export type ModelHere = Schemas["ModelHereOut"];
export type DecisionStatus = Schemas["DecisionStatus"];

export type FileResult = Schemas["FileResultOut"];
export type FileVerdict = FileResult["verdict"];
export type Upload = Schemas["UploadOut"];

export type Consults = Schemas["ConsultsOut"];
export type Consult = Schemas["ConsultOut"];
export type Chat = Schemas["ChatOut"];
export type ChatMessage = Schemas["MessageOut"];
export type KeyImage = Schemas["KeyImageOut"];
export type NewKeyImage = Schemas["KeyImageIn"];
export type PatientHistory = Schemas["HistoryOut"];
export type GivenRecord = Schemas["HistoryRecordOut"];
export type HistoryRecord = GivenRecord["record"];
export type HistoryItem = Schemas["HistoryItemOut"];
export type ReadBundle = Schemas["ReadBundleOut"];
export type Recording = Schemas["RecordingOut"];
export type Still = Schemas["StillOut"];
export type RetentionClass = Schemas["RetentionClass"];
export type CallFigures = Schemas["CallFigures"];
export type CallQuality = Schemas["CallQualityOut"];
export type NewConsult = Schemas["ConsultIn"];
export type ConsultStatus = Schemas["Status"];
export type ConsultEvent = Schemas["Event"];
export type HistoryEntry = Schemas["HistoryEntryOut"];
export type Urgency = Schemas["Urgency"];
export type LegalRole = Schemas["LegalRole"];
/** What a clinician attests. */
export type ConsentMethod = NewConsult["consent"]["method"];
export type JoinTicket = Schemas["JoinOut"];
export type Relay = Schemas["RelayOut"];

export type Report = Schemas["ReportOut"];
export type SignedVersion = Schemas["SignedVersionOut"];
export type SectionDifference = Schemas["SectionDifferenceOut"];
export type Figure = Schemas["FigureOut"];
export type ReportStatus = Schemas["ReportStatus"];
export type ReportSections = Pick<Report, "findings_text" | "conclusion" | "recommendation">;
export type ReportBody = Schemas["ReportIn"];
export type StructuredReport = Schemas["StructuredOut"];
export type ReportEntry = Schemas["EntryOut"];
export type Written = Schemas["WrittenIn"];
export type Prefilled = Schemas["PrefilledOut"];
export type FieldFault = Schemas["FaultOut"];
export type Words = Schemas["Words"];

export type Template = Schemas["Template"];
export type TemplateRef = Schemas["TemplateRefOut"];
export type TemplateSection = Schemas["Section"];
export type TemplateField = Schemas["TemplateField"];
export type FieldType = Schemas["FieldType"];
export type CompletionAction = Schemas["CompletionAction"];
export type Templates = Schemas["TemplatesOut"];
export type TemplateSummary = Schemas["TemplateSummaryOut"];
export type WholeTemplate = Schemas["TemplateOut"];
export type ReadTemplate = Schemas["ReadTemplateOut"];

export type Devices = Schemas["DevicesOut"];
export type DicomGateway = Schemas["DicomGatewayOut"];
export type DicomPeer = Schemas["DicomPeerOut"];
export type NewDicomPeer = Schemas["DicomPeerIn"];
export type Rejection = Schemas["RejectionOut"];
export type EchoOutcome = Schemas["EchoOutcome"];

export type Management = Schemas["ManagementOut"];
export type ManagedStudy = Schemas["ManagedStudyOut"];
export type ManagedPatient = Schemas["PatientOut"];
export type PatientMerge = Schemas["MergeOut"];
export type PatientMergeRequest = Schemas["MergeIn"];
export type StudySplit = Schemas["SplitIn"];
export type RetentionRule = Schemas["RetentionRuleOut"];
export type RetentionPreview = Schemas["RetentionPreviewOut"];
export type NewRetentionRule = Schemas["RetentionRuleIn"];
export type InstanceConflict = Schemas["ConflictOut"];
export type Reconciliation = Schemas["ReconciliationOut"];

export type Member = Schemas["MemberOut"];
export type MemberTerms = Schemas["MemberIn"];
export type NewMember = Schemas["NewMemberIn"];
export type NewMemberAnswer = Schemas["NewMemberOut"];
export type Agreement = Schemas["AgreementOut"];
export type Agreements = Schemas["AgreementsOut"];
export type AgreementState = Schemas["AgreementState"];
export type NewAgreement = Schemas["AgreementIn"];
export type Reach = Schemas["ReachOut"];

export type Comparison = Schemas["FirstReportComparisonOut"];
export type NewComparison = Schemas["FirstReportComparisonIn"];
export type OpinionPanel = Schemas["PanelOut"];

export type Calendar = Schemas["CalendarOut"];
export type CalendarEntry = Schemas["CalendarEntryOut"];
export type Availability = Schemas["AvailabilityOut"];
export type Slots = Schemas["SlotsOut"];
export type NewAppointment = Schemas["AppointmentIn"];

export type Ring = Schemas["RingOut"];
export type Ringing = Schemas["RingingOut"];
export type Notifications = Schemas["NotificationsOut"];
export type Notification = Schemas["NotificationOut"];
export type Topic = Schemas["Topic"];
export type Channel = Schemas["Channel"];
export type NotificationChoices = Schemas["ChoicesOut"];
export type NotificationTerms = Schemas["ChoicesIn"];
export type NewPushDevice = Schemas["PushSubscriptionIn"];
export type TestOutcome = Schemas["TestOut"];

export type ScheduledProcedure = Schemas["ScheduledProcedureOut"];
export type NewScheduledProcedure = Schemas["ScheduledProcedureIn"];

export type Archive = Schemas["ArchiveOut"];
export type NewArchive = Schemas["ArchiveIn"];
export type ArchiveOutcome = Schemas["ArchiveTestOut"]["outcome"];
export type ArchiveQuery = Schemas["SearchIn"];
export type ArchiveAnswer = Schemas["SearchOut"];
export type FoundStudy = Schemas["FoundStudyOut"];
export type Retrieval = Schemas["RetrievalOut"];

/** Pushed over /api/events. */
export type ServerEvent =
  | { type: "study-changed"; study_instance_uid: string; arrived?: string; expected?: string }
  | { type: "findings-changed"; study_instance_uid: string }
  | { type: "reading-changed"; study_instance_uid: string }
  | { type: "key-images-changed"; study_instance_uid: string }
  | { type: "consult-changed"; consult_id: string }
  | { type: "chat-changed"; consult_id: string }
  | { type: "report-changed"; consult_id: string }
  | { type: "upload-changed"; upload_id: string }
  | { type: "retrieval-changed"; institution_id: string }
  | { type: "agreements-changed"; institution_id: string }
  | { type: "account-changed"; user_id: string }
  | { type: "reminder-due"; user_id: string; consult_id: string }
  | { type: "notifications-changed"; user_id: string }
  | { type: "models-changed" };
