"""What can go wrong in the application. Each error says what is true, in domain words."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from teleconsult.findings.numbering import NumberedFinding
    from teleconsult.reports.figures import Figure
    from teleconsult.reports.template import Fault, Words


class TeleconsultError(Exception):
    """Base of everything that the application raises on purpose."""


class NotFound(TeleconsultError):
    """There is no such record, or the caller has no part in it: nobody can tell which."""


class NotSignedIn(TeleconsultError):
    pass


class WrongCredentials(TeleconsultError):
    pass


class TooManyAttempts(TeleconsultError):
    """Wrong passwords in a row; the next try counts only after `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class TooManyRequests(TeleconsultError):
    """One user asks more often than pages do; the next request counts after `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class TooManyLinkRequests(TeleconsultError):
    """By one patient's link, or from one network, more than pages send; `wait_s` as above."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class AccountDisabled(TeleconsultError):
    """The password is right, but an administrator has switched the account off."""


class UsernameTaken(TeleconsultError):
    pass


class SpecialtyMissing(TeleconsultError):
    """A specialist or radiologist is found by a specialty."""


class LastAdministrator(TeleconsultError):
    """Afterwards nobody could let anybody into this institution."""


class PasswordChangeRequired(TeleconsultError):
    pass


class SecondFactorNeeded(TeleconsultError):
    """The password was right; with `token` and a second factor the sign-in goes on."""

    def __init__(self, token: str, methods: Collection[str]) -> None:
        super().__init__(methods)
        self.token, self.methods = token, tuple(methods)


class SignInExpired(TeleconsultError):
    """The second factor came too late, or the sign-in was completed or called off before."""


class OidcUnreachable(TeleconsultError):
    """The hospital's identity provider gave no answer."""

    def __init__(self, name_en: str, name_zh: str) -> None:
        super().__init__(name_en)
        self.name_en, self.name_zh = name_en, name_zh


class OidcRefused(TeleconsultError):
    """The hospital's identity provider vouches for nobody; why is for the audit log alone."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NoRoleHere(TeleconsultError):
    """The hospital's identity provider vouches for somebody to whom its administrator gave no role here."""


class SecondFactorRequired(TeleconsultError):
    """Asked of people in this role, or of whoever a provider signs in; this account has none yet."""


class StepUpNeeded(TeleconsultError):
    """It is a while since the user proved who it is, too long for this step."""


class ProofMissing(TeleconsultError):
    """The account has a second factor, and the password alone came."""


class WrongCode(TeleconsultError):
    """A code that is wrong, used before, or of another time than `at`, the server's."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.at = at


class PasskeyRefused(TeleconsultError):
    """What a passkey said does not hold; why is for the audit log alone."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NoPasskeyHere(TeleconsultError):
    """The user has none that was made for this address of ours."""


class AddressHasNoName(TeleconsultError):
    """The page was opened by a bare address, for which no browser makes a passkey."""


class SecondFactorKnown(TeleconsultError):
    pass


class SecondFactorUnreadable(TeleconsultError):
    """The installation's secret is another than when this second factor was set up."""


class WeakPassword(TeleconsultError):
    pass


class KnownPassword(TeleconsultError):
    """A password that stands in lists of leaked and common ones."""


class NotAllowed(TeleconsultError):
    """The caller has a part in the record but not the role for this step."""


class ForgedRequest(TeleconsultError):
    """A changing request did not come from our own page."""


class IllegalTransition(TeleconsultError):
    def __init__(self, event: str, status: str, possible: Collection[str]) -> None:
        super().__init__(f"'{event}' is not possible while '{status}'")
        self.event, self.status, self.possible = event, status, tuple(possible)


class RequestTaken(TeleconsultError):
    """It waits no longer: somebody has accepted it, or nobody may any more (`by` is None)."""

    def __init__(self, by: str | None) -> None:
        super().__init__(by)
        self.by = by


class ReasonRequired(TeleconsultError):
    pass


class DecisionMissing(TeleconsultError):
    """The inviting side acknowledges with its own decision."""


class CriticalResultSettled(TeleconsultError):
    """The critical result was acknowledged or withdrawn already."""


class ReadBackMissing(TeleconsultError):
    """A telephone call counts once whoever took it has read the result back, and is named."""


class ConsentMissing(TeleconsultError):
    pass


class ConsentNotInForce(TeleconsultError):
    """There is no consent that could be withdrawn."""


class ConsentTextChanged(TeleconsultError):
    """There is a newer version of the words than the one that was read."""


class AlreadyReviewed(TeleconsultError):
    """Somebody has reviewed this emergency reason, or it is none."""


class ScanNotReadable(TeleconsultError):
    """The file is no PDF, JPEG or PNG that can be shown, or does more than show pages."""


class ScanTooLarge(TeleconsultError):
    def __init__(self, limit_mb: int) -> None:
        super().__init__(limit_mb)
        self.limit_mb = limit_mb


class ScanKeptAlready(TeleconsultError):
    """A consent has one scan, or is of a kind that has none."""


class NameMissing(TeleconsultError):
    """Who comes with the patient is to be named."""


class LinkError(TeleconsultError):
    """A patient's link does not open."""


class LinkUnknown(LinkError):
    pass


class LinkExpired(LinkError):
    pass


class LinkRevoked(LinkError):
    pass


class LinkBlocked(LinkError):
    """The code was wrong too often."""


class LinkUsed(LinkError):
    """It belongs to another browser."""


class LinkConsultCancelled(LinkError):
    pass


class LinkConsultOver(LinkError):
    pass


class LinkCodeMissing(LinkError):
    """The code has not been given yet."""


class LinkCodeWrong(LinkError):
    def __init__(self, tries_left: int) -> None:
        super().__init__(tries_left)
        self.tries_left = tries_left


class EmergencyNotNeeded(TeleconsultError):
    """Who wants to open a case in an emergency sees it already."""


class CheckpointsUnreadable(TeleconsultError):
    """A line of the file with signed checkpoints was damaged."""


class StudyMissing(TeleconsultError):
    """An imaging consult needs at least one study."""


class ImagesGone(TeleconsultError):
    """The consult's studies were deleted in the archive."""


class ComparisonMissing(TeleconsultError):
    """A first report was given along, and the opinion does not say whether it agrees, or why not."""


class BadPanel(TeleconsultError):
    """A multidisciplinary consult has two to eight disciplines, each once, each reached by the request."""


class OpinionsMissing(TeleconsultError):
    def __init__(self, specialties: Collection[str]) -> None:
        super().__init__(specialties)
        self.specialties = tuple(specialties)


class OpinionsOpen(TeleconsultError):
    """The others have read this opinion: it stands."""


class OpinionsSealed(TeleconsultError):
    """Before all have given their opinion, or the chair has opened them, there is no joint draft."""


class BadAvailability(TeleconsultError):
    """`what` is wrong: time-zone, slot, hours, days or reminders."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class BadAppointmentTime(TeleconsultError):
    """An appointment lies ahead, not too far, and on the grid of the calendar."""


class SlotTaken(TeleconsultError):
    """Somebody else was faster, or the specialist is not there at that time."""


class NoAgreement(TeleconsultError):
    """No agreement in force lets the institution ask for this, and it has no such specialist of its own."""

    def __init__(self, administrators: Collection[str]) -> None:
        super().__init__()
        self.administrators = tuple(administrators)


class AgreementSettled(TeleconsultError):
    """The agreement is over, or was accepted already."""


class BadAgreement(TeleconsultError):
    """With oneself, for nothing, over before it begins, or for longer than ten years."""


class StudyOfAnotherPatient(TeleconsultError):
    pass


class HistoryContradicts(TeleconsultError):
    """Some are named, and at the same time none are said to be known."""


class HistoryTooLong(TeleconsultError):
    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class ConsultOver(TeleconsultError):
    """What belongs to a consult is read once it is over, and no longer added to."""


class BundleNotReadable(TeleconsultError):
    """Not a FHIR R4 Bundle in JSON, or a larger one than a request carries."""


class TooManyMessages(TeleconsultError):
    """More messages in a minute than a person writes."""


class MessageTooOld(TeleconsultError):
    """A message is put right by its author, and soon after it was written."""


class MessageWrittenAlready(TeleconsultError):
    """Another message was written under this id."""


class KeyImageMarkedAlready(TeleconsultError):
    """Another image was marked under this id."""


class TooManyKeyImages(TeleconsultError):
    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class AttachmentIsDicom(TeleconsultError):
    pass


class AttachmentRefused(TeleconsultError):
    """Not a kind of file that is kept with a chat."""


class AttachmentTooLarge(TeleconsultError):
    def __init__(self, limit_mb: int) -> None:
        super().__init__(limit_mb)
        self.limit_mb = limit_mb


class FindingsUndecided(TeleconsultError):
    def __init__(self, findings: "Sequence[NumberedFinding]") -> None:
        super().__init__(len(findings))
        self.findings = tuple(findings)


class EntriesFaulty(TeleconsultError):
    """Fields of the report's template are not filled as they must be."""

    def __init__(self, faults: "Sequence[Fault]") -> None:
        super().__init__(len(faults))
        self.faults = tuple(faults)


class PicturesMissing(TeleconsultError):
    """Key images chosen for the report have no picture; it can be signed without them, said so."""

    def __init__(self, figures: "Sequence[Figure]") -> None:
        super().__init__(len(figures))
        self.figures = tuple(figures)


class TemplateFaulty(TeleconsultError):
    """The template contradicts itself and cannot be published."""

    def __init__(self, faults: "Sequence[Fault]") -> None:
        super().__init__(len(faults))
        self.faults = tuple(faults)


class TemplateUnreadable(TeleconsultError):
    """A file that is no template in MRRT's form, or one that is not safe to read."""

    def __init__(self, why: "Words") -> None:
        super().__init__(why.en)
        self.why = why


class TemplateShipped(TeleconsultError):
    """A template that came with the program is changed by copying it."""


class DecisionsSigned(TeleconsultError):
    """A signed report rests on these decisions; they can change again once it is being amended."""


class StillTooLarge(TeleconsultError):
    def __init__(self, limit_mb: int) -> None:
        super().__init__(limit_mb)
        self.limit_mb = limit_mb


class StillTakenAlready(TeleconsultError):
    """Another picture was kept under this still's number."""


class StillsNotKept(TeleconsultError):
    """This installation has no secret under which pictures could be encrypted."""


class WrongPassword(WrongCredentials):
    """Somebody who is signed in gave another password than their own."""


class ConclusionMissing(TeleconsultError):
    pass


class CertificateNotValid(TeleconsultError):
    """The certificate that reports are signed with has ended, or is not valid yet by this machine's clock."""


class TimeStampMissing(TeleconsultError):
    """The time-stamp authority did not answer, or not with a time stamp: nothing was signed."""


class ReportIsFinal(TeleconsultError):
    pass


class RecordingUnderWay(TeleconsultError):
    """What is still being recorded is stopped before it is deleted."""


class UploadTooLarge(TeleconsultError):
    pass


class UploadsBusy(TeleconsultError):
    """As many uploads wait as may."""


class UploadIncomplete(TeleconsultError):
    """The connection ended before the whole file had arrived."""


class PasswordFileMissing(TeleconsultError):
    """The file that holds another archive's password is not where passwords are kept, or not readable."""


class NothingToSearchFor(TeleconsultError):
    """A search in another archive needs something to go by."""


class UploadClosed(TeleconsultError):
    pass


class DigestMismatch(TeleconsultError):
    """What came is not what its sender named by its SHA-256."""


class ChunksMissing(TeleconsultError):
    """A large file cannot be put together yet; `missing` are the SHA-256 of the parts to send."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(len(missing))
        self.missing = missing


class StudyInUse(TeleconsultError):
    """A consult that is not over, or a report that is not signed, rests on this study."""


class OnLegalHold(TeleconsultError):
    """Nothing of it is deleted while the hold stands."""


class RetentionTooShort(TeleconsultError):
    """A rule would delete images before the law lets them go, and no originals are said to be elsewhere."""


class StudyNotInArchive(TeleconsultError):
    """The study lies in the cold store, or is on its way between the two."""


class MergeNotPossible(TeleconsultError):
    """The same patient twice, or one that was merged already."""


class MergeUndone(TeleconsultError):
    pass


class SplitNotPossible(TeleconsultError):
    """Nothing, or everything, was chosen, or the other patient is the same one."""


class ConflictResolved(TeleconsultError):
    pass


class CopyNotVerified(TeleconsultError):
    """What the archive gave back is not what was written; the originals stay."""


class BadAeTitle(TeleconsultError):
    """Not a DICOM application entity title, PS3.5 6.2."""


class BadPeerAddress(TeleconsultError):
    """No IP address or network of a sensible width, or a network where a single address is needed."""


class PeerExists(TeleconsultError):
    pass


class PeerHasNoPort(TeleconsultError):
    """Nobody said where this device listens, so it cannot be called."""


class AccessionNumberTaken(TeleconsultError):
    pass


class TransactionUidTaken(TeleconsultError):
    """Another device asked for storage commitment under this Transaction UID."""


class NotAcceptable(TeleconsultError):
    """Nothing that we can send is among what the client takes."""


class SearchNotUnderstood(TeleconsultError):
    """A search asks for something that we cannot match by; leaving it out would find too much."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class NotMultipart(TeleconsultError):
    """What came to be stored is not a multipart body of DICOM files."""


class BadCursor(TeleconsultError):
    """Where the next page of a list begins is not as we wrote it."""


class AssignedMeanwhile(TeleconsultError):
    """Somebody else took this study, or it was given away, since the page was read."""


class ViewNameTaken(TeleconsultError):
    """The user has another view of the worklist under this name."""


class AuditStoreAway(TeleconsultError):
    """The audit log cannot be written, so nothing about a patient is shown or changed."""
