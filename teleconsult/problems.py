"""Domain error -> RFC 9457 problem, one row each, with a sentence in both languages."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from imaging.archive_address import ForbiddenAddress
from imaging.errors import (
    DicomError,
    InstanceNotFound,
    NotAPicture,
    PacsFull,
    PacsUnavailable,
    PictureDamaged,
    PictureSizeRefused,
)
from imaging.remote_archive import RemoteArchiveAway, RemoteArchiveError
from inference.errors import BoxNotOnImage, BundleError
from storage.disk_full import is_disk_full
from storage.errors import StaleVersion, StreamDamaged
from teleconsult import errors
from teleconsult.consults.specialty_names import SPECIALTY_NAMES
from telemetry.logs import named

RETRY_AFTER_S = 3  # of what is away for the moment
log = logging.getLogger(__name__)


def _nothing(_: Any) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Problem:
    status: int
    code: str
    en: str
    zh: str
    values: Callable[[Any], dict[str, Any]] = field(default=_nothing)
    members: Callable[[Any], dict[str, Any]] = field(default=_nothing)  # RFC 9457 3.2: what programs need


MOST_NAMED = 6


def _faults(error: Any) -> dict[str, Any]:
    return {
        "count": len(error.faults),
        "en": " ".join(fault.en for fault in error.faults[:MOST_NAMED]),
        "zh": "".join(fault.zh for fault in error.faults[:MOST_NAMED]),
    }


def _missing(error: errors.PicturesMissing) -> dict[str, Any]:
    named = [(figure, figure.missing) for figure in error.figures[:MOST_NAMED] if figure.missing]
    return {
        "en": "; ".join(f"figure {one.number} ({one.image.en}): {why.en}" for one, why in named),
        "zh": "；".join(f"图 {one.number}（{one.image.zh}）：{why.zh}" for one, why in named),
    }


BAD_AVAILABILITY = {
    "time-zone": (
        "This time zone is not known. Please choose one from the list.",
        "无法识别该时区，请从列表中选择。",
    ),
    "slot": (
        "An appointment lasts 10 to 240 minutes, in steps of five.",
        "每次预约为 10 至 240 分钟，以五分钟为单位。",
    ),
    "hours": (
        "Hours begin before they end, at full five minutes, and do not overlap; six parts of a day at most.",
        "每段时间的开始须早于结束，以五分钟为单位，互不重叠；每天最多六段。",
    ),
    "days": ("Too many single days, or a weekday that does not exist.", "单独设置的日期过多，或星期不存在。"),
    "reminders": ("Please choose reminders from the list.", "请从列表中选择提醒时间。"),
}
PROBLEMS: dict[type[Exception], Problem] = {
    errors.NotFound: Problem(
        404, "not-found", "There is no such record, or it is not yours to see.", "没有此记录，或您无权查看。"
    ),
    InstanceNotFound: Problem(
        404, "image-not-found", "This image is not in the archive.", "影像归档中没有这幅图像。"
    ),
    errors.StudyInUse: Problem(
        409,
        "study-in-use",
        "A consult that is not over yet uses this study. Close or cancel the consult first.",
        "有未结束的会诊正在使用此检查，请先结束或取消该会诊。",
    ),
    errors.OnLegalHold: Problem(
        409,
        "on-legal-hold",
        "This is kept for a dispute or an inquiry (legal hold) and cannot be deleted. Ask your hospital's IT "
        "why.",
        "此内容因纠纷或调查处于法律保留状态，不可删除。请向本院信息科了解情况。",
    ),
    errors.RetentionTooShort: Problem(
        422,
        "retention-too-short",
        "Images are medical records: outpatient records are kept for 15 years at least. A shorter rule needs "
        "your word that the originals are kept elsewhere.",
        "影像属于病历资料，门诊病历至少保存 15 年。若规则期限更短，请确认原件已在他处按规定保存。",
    ),
    errors.StudyNotInArchive: Problem(
        409,
        "study-not-in-archive",
        "This study lies in the cold store. Bring it back first.",
        "此检查已转入冷存储，请先将其调回。",
    ),
    errors.MergeNotPossible: Problem(
        409,
        "merge-not-possible",
        "These are one and the same patient, or one of them was merged already.",
        "两条记录是同一位患者，或其中一条已被合并。",
    ),
    errors.MergeUndone: Problem(
        409, "merge-undone", "This merge was undone already.", "此次合并已被撤销。"
    ),
    errors.SplitNotPossible: Problem(
        409,
        "split-not-possible",
        "Choose some of the series, not all, and another patient than the study's own.",
        "请选择部分（而非全部）序列，并指定另一位患者。",
    ),
    errors.ConflictResolved: Problem(
        409, "conflict-resolved", "Somebody resolved this conflict already.", "此冲突已有人处理。"
    ),
    errors.CopyNotVerified: Problem(
        503,
        "copy-not-verified",
        "The archive did not give back what was written. The originals stay; please try again.",
        "归档读回的内容与写入的不一致。原始影像保留不变，请重试。",
    ),
    errors.NotSignedIn: Problem(
        401, "not-signed-in", "Please sign in; your session may have ended.", "请登录；您的登录可能已过期。"
    ),
    errors.WrongCredentials: Problem(
        401, "wrong-credentials", "User name or password is wrong.", "用户名或密码错误。"
    ),
    errors.TooManyAttempts: Problem(
        429,
        "too-many-attempts",
        "Too many wrong passwords. Please try again in {wait_s} seconds.",
        "密码错误次数过多，请 {wait_s} 秒后再试。",
        lambda e: {"wait_s": e.wait_s},
    ),
    errors.TooManyRequests: Problem(
        429,
        "too-many-requests",
        "Your account has sent more requests than its pages need. Please wait {wait_s} s; nothing is lost. "
        "If you did nothing unusual, tell your administrator.",
        "您的账号发送的请求过多，请等待 {wait_s} 秒后再试，数据不会丢失。如果您并无异常操作，请告知管理员。",
        lambda e: {"wait_s": e.wait_s},
    ),
    errors.TooManyLinkRequests: Problem(
        429,
        "too-many-link-requests",
        "This link, or the network that you are in, has sent too many requests. Please wait {wait_s} s; then "
        "the page goes on.",
        "此链接或您所在网络的请求过多，请等待 {wait_s} 秒，之后页面可继续使用。",
        lambda e: {"wait_s": e.wait_s},
    ),
    errors.KnownPassword: Problem(
        422,
        "known-password",
        "This password is known from leaks or far too common. Please choose another, such as four words that "
        "do not belong together.",
        "该密码过于常见或曾经泄露，请另选一个，例如四个互不相关的词。",
    ),
    errors.SecondFactorNeeded: Problem(
        401,
        "second-factor-needed",
        "Please confirm the sign-in with your second factor.",
        "请用第二重验证确认登录。",
        members=lambda e: {"token": e.token, "methods": list(e.methods)},
    ),
    errors.SignInExpired: Problem(
        401,
        "sign-in-expired",
        "This took too long, or was begun in another window. Please sign in again.",
        "操作超时，或已在其他窗口中开始，请重新登录。",
    ),
    errors.OidcUnreachable: Problem(
        503,
        "provider-unreachable",
        "{name_en} does not answer. Please try again soon, or sign in with a password if you have it.",
        "{name_zh}没有响应。请稍后再试；如果您在本系统有密码，也可以用密码登录。",
        values=lambda e: {"name_en": e.name_en, "name_zh": e.name_zh},
    ),
    errors.OidcRefused: Problem(
        401,
        "provider-refused",
        "Your hospital's sign-in was not confirmed. Please try again; if it goes on, tell the hospital's IT.",
        "医院统一登录未能确认您的身份，请重试；如仍失败，请联系医院信息科。",
    ),
    errors.NoRoleHere: Problem(
        403,
        "no-role-here",
        "Your hospital's account is right, but it has no role here yet. Please ask its IT for one.",
        "您的医院账号有效，但尚未分配本系统的角色，请联系医院信息科开通。",
    ),
    errors.SecondFactorRequired: Problem(
        403,
        "second-factor-required",
        "Your institution asks for a second factor. Please set one up under Security first.",
        "您的机构要求启用第二重验证，请先在“账号安全”中设置。",
    ),
    errors.StepUpNeeded: Problem(
        403,
        "step-up-needed",
        "Please confirm once more that it is you.",
        "请再次验证您的身份。",
    ),
    errors.ProofMissing: Problem(
        403,
        "proof-missing",
        "This account has a second factor: please give its code, or use your passkey.",
        "该账号已启用第二重验证：请输入验证码或使用通行密钥。",
    ),
    errors.WrongCode: Problem(
        403,
        "wrong-code",
        "This code is not right, or was used before. The server's clock says {clock} (UTC): if your "
        "telephone's clock differs, set it to automatic time and try the next code.",
        "验证码不正确或已使用过。服务器时间为 {clock}（UTC）：如果手机时间与此不符，请将手机设为自动校时，"
        "再输入下一个验证码。",
        lambda e: {"clock": f"{e.at:%H:%M:%S}"},
    ),
    errors.PasskeyRefused: Problem(
        403,
        "passkey-refused",
        "This passkey was not accepted. Please try again, or use another way.",
        "未能通过该通行密钥的验证，请重试或改用其他方式。",
    ),
    errors.NoPasskeyHere: Problem(
        409,
        "no-passkey-here",
        "You have no passkey for this address. Use a code, or open the page where you made the passkey.",
        "您在此网址没有通行密钥。请改用验证码，或用创建通行密钥时的网址打开。",
    ),
    errors.AddressHasNoName: Problem(
        409,
        "address-has-no-name",
        "Passkeys need an address with a name, such as https://teleconsult.hospital.cn; on a bare IP address "
        "no browser makes them. Please use an authenticator app, or ask your administrator for the name.",
        "通行密钥需要域名网址（如 https://teleconsult.hospital.cn），用 IP 地址打开时浏览器无法创建。"
        "请改用验证器应用，或向管理员询问域名。",
    ),
    errors.SecondFactorKnown: Problem(
        409,
        "second-factor-known",
        "This second factor is set up already, or there are too many of them. Please remove one first.",
        "该第二重验证已设置，或数量已达上限，请先移除一个。",
    ),
    errors.SecondFactorUnreadable: Problem(
        503,
        "second-factor-unreadable",
        "The server cannot read this second factor any more. Please ask your administrator to reset it.",
        "服务器无法再读取该第二重验证，请联系管理员重置。",
    ),
    errors.RequestTaken: Problem(
        409,
        "request-taken",
        "This request is no longer open: {by_en}.",
        "该申请已不再等待：{by_zh}。",
        lambda e: {
            "by_en": f"{e.by} has it" if e.by else "it was withdrawn or returned",
            "by_zh": f"已由 {e.by} 接受" if e.by else "已被撤回或退回",
        },
    ),
    errors.AccountDisabled: Problem(
        403,
        "account-disabled",
        "This account is switched off. Please ask your institution's administrator.",
        "该账号已停用，请联系本机构管理员。",
    ),
    errors.UsernameTaken: Problem(
        409,
        "username-taken",
        "This user name is in use on this installation. Please choose another.",
        "该用户名在本系统中已被使用，请另选一个。",
    ),
    errors.SpecialtyMissing: Problem(
        422,
        "specialty-missing",
        "A specialist or radiologist needs a specialty: requests find them by it.",
        "专家和放射科医师须填写专科：会诊申请按专科送达。",
    ),
    errors.LastAdministrator: Problem(
        409,
        "last-administrator",
        "This is the institution's last administrator. Make somebody else administrator first.",
        "这是本机构最后一名管理员，请先指定另一名管理员。",
    ),
    errors.PasswordChangeRequired: Problem(
        403,
        "password-change-required",
        "Please choose your own password first.",
        "请先设置您自己的密码。",
    ),
    errors.WeakPassword: Problem(
        422,
        "weak-password",
        "The new password needs at least 10 characters and must differ from the old one and the user name.",
        "新密码至少 10 个字符，且不能与旧密码或用户名相同。",
    ),
    errors.NotAllowed: Problem(
        403, "not-allowed", "Your role does not include this step.", "您的角色不能执行此操作。"
    ),
    errors.ForgedRequest: Problem(
        403,
        "forged-request",
        "This request did not come from the Teleconsult page.",
        "该请求并非来自 Teleconsult 页面。",
    ),
    errors.IllegalTransition: Problem(
        409,
        "step-not-possible",
        "'{event}' is not possible while the consult is '{status}'. Possible now: {possible}.",
        "会诊处于“{status}”状态时不能执行“{event}”。现在可以：{possible}。",
        lambda e: {
            "event": e.event,
            "status": e.status,
            "possible": ", ".join(e.possible) or "—",
        },
    ),
    errors.ReasonRequired: Problem(
        422, "reason-required", "Please give a reason for this step.", "请填写此操作的理由。"
    ),
    errors.DecisionMissing: Problem(
        422,
        "decision-missing",
        "Please write what you will do: you acknowledge with your own decision.",
        "请写明您的处理决定：确认时须附上您自己的决定。",
    ),
    errors.CriticalResultSettled: Problem(
        409,
        "critical-result-settled",
        "This critical result was acknowledged or withdrawn already. You now see how it stands.",
        "该危急结果已被确认或撤回。现在显示的是最新状态。",
    ),
    errors.ReadBackMissing: Problem(
        422,
        "read-back-missing",
        "A telephone call counts once the result was read back. Please name who took it, and confirm that.",
        "电话告知须由对方复述结果方可生效。请填写接听人姓名，并确认对方已复述。",
    ),
    errors.ConsentMissing: Problem(
        409,
        "consent-missing",
        "The patient's consent, or the emergency reason, is not on file; without it no consult.",
        "尚无患者知情同意或急诊理由的记录，不能进行会诊。",
    ),
    errors.ConsentNotInForce: Problem(
        409,
        "consent-not-in-force",
        "There is no consent in force that could be withdrawn. You now see how it stands.",
        "目前没有有效的知情同意可以撤回。现在显示的是最新状态。",
    ),
    errors.ConsentTextChanged: Problem(
        409,
        "consent-text-changed",
        "The text has been renewed in the meantime. Please read the new one.",
        "同意书内容已更新，请阅读新的内容。",
    ),
    errors.AlreadyReviewed: Problem(
        409,
        "already-reviewed",
        "This emergency reason has been reviewed already.",
        "该紧急情况理由已被审核。",
    ),
    errors.ScanNotReadable: Problem(
        422,
        "scan-not-readable",
        "This file cannot be kept as a scan. Please send a PDF without password or scripts, a JPEG or PNG.",
        "该文件不能作为扫描件保存。请上传不带密码和脚本的 PDF，或 JPEG、PNG 图片。",
    ),
    errors.ScanTooLarge: Problem(
        413,
        "scan-too-large",
        "This scan is larger than {limit} MB. Please scan it with a lower resolution.",
        "扫描件超过 {limit} MB，请降低分辨率后重新扫描。",
        lambda e: {"limit": e.limit_mb},
    ),
    errors.ScanKeptAlready: Problem(
        409,
        "scan-kept-already",
        "This consent has a scan already, or is of a kind without paper. Record the consent anew instead.",
        "该同意记录已有扫描件，或没有纸质文件。请重新登记一条同意记录。",
    ),
    errors.NameMissing: Problem(
        422,
        "name-missing",
        "Please say who comes with the patient.",
        "请填写陪同者或翻译的姓名。",
    ),
    errors.LinkUnknown: Problem(
        404,
        "link-unknown",
        "This link is not complete, or was never made. Please open it again as it was sent to you.",
        "链接不完整或不存在，请按收到的原链接重新打开。",
    ),
    errors.LinkExpired: Problem(
        410,
        "link-expired",
        "This link is no longer valid. Please ask your doctor for a new one.",
        "链接已过期，请向医生索取新的链接。",
    ),
    errors.LinkRevoked: Problem(
        410,
        "link-revoked",
        "Your doctor has taken this link back. Please ask for a new one.",
        "医生已收回该链接，请向医生索取新的链接。",
    ),
    errors.LinkBlocked: Problem(
        410,
        "link-blocked",
        "The code was wrong five times, so this link is closed. Please ask your doctor for a new one.",
        "验证码已错五次，链接已关闭。请向医生索取新的链接。",
    ),
    errors.LinkUsed: Problem(
        409,
        "link-used",
        "This link is in use on another device or in another browser. Go on there, or ask your "
        "doctor for a new one.",
        "该链接已在另一台设备或浏览器中使用。请在那里继续，或向医生索取新的链接。",
    ),
    errors.LinkConsultCancelled: Problem(
        410,
        "link-consult-cancelled",
        "This appointment does not take place. Please call your doctor.",
        "本次预约已取消，请与医生联系。",
    ),
    errors.LinkConsultOver: Problem(
        410,
        "link-consult-over",
        "This conversation is over. Your doctor will tell you the result.",
        "本次会诊已结束，结果由医生告诉您。",
    ),
    errors.LinkCodeMissing: Problem(
        403,
        "link-code-missing",
        "Please enter the code that your doctor told you.",
        "请输入医生告诉您的验证码。",
    ),
    errors.LinkCodeWrong: Problem(
        403,
        "link-code-wrong",
        "This code is not right. Tries left: {left}.",
        "验证码不正确，还可以尝试 {left} 次。",
        lambda e: {"left": e.tries_left},
    ),
    errors.StudyMissing: Problem(
        409,
        "study-missing",
        "An imaging consult needs at least one study.",
        "影像会诊至少需要一项检查。",
    ),
    errors.ImagesGone: Problem(
        409,
        "images-gone",
        "The images of this consult are no longer in the archive: they were deleted there. Send them again, "
        "or add another study to the consult; then it can begin.",
        "本次会诊的影像已在归档系统中被删除。请重新上传，或为会诊添加其他检查，然后即可开始。",
    ),
    errors.ComparisonMissing: Problem(
        409,
        "comparison-missing",
        "Please say whether you agree with the first report, and where not, in what you differ.",
        "请说明是否同意首次报告；不完全一致时，请写明差异。",
    ),
    errors.BadPanel: Problem(
        422,
        "bad-panel",
        "A multidisciplinary consult needs two to eight different specialties, each with somebody to ask.",
        "多学科会诊需要二至八个不同专科，且每个专科都有可邀请的专家。",
    ),
    errors.OpinionsMissing: Problem(
        409,
        "opinions-missing",
        "Opinions or answers to the joint conclusion are missing: {en}. Wait for them, "
        "or say why it is signed without them.",
        "以下专科尚未提交意见或未对联合结论表态：{zh}。请等待，或写明不等待的理由。",
        lambda e: {
            "en": ", ".join(SPECIALTY_NAMES[one].split(" ", 1)[1] for one in e.specialties),
            "zh": "、".join(SPECIALTY_NAMES[one].split(" ", 1)[0] for one in e.specialties),
        },
    ),
    errors.OpinionsOpen: Problem(
        409,
        "opinions-open",
        "The others have read your opinion; it stands. You can agree or dissent with the joint conclusion.",
        "其他专科已看到您的意见，不能再修改。您可以对联合结论表示同意或提出不同意见。",
    ),
    errors.OpinionsSealed: Problem(
        409,
        "opinions-sealed",
        "First all specialties give their opinions, or the chair opens those that are there.",
        "须待各专科提交意见，或由主持人公开已有意见之后才能进行。",
    ),
    errors.BadAvailability: Problem(
        422,
        "bad-availability",
        "{en}",
        "{zh}",
        lambda e: dict(zip(("en", "zh"), BAD_AVAILABILITY[e.what], strict=True)),
    ),
    errors.BadAppointmentTime: Problem(
        422,
        "bad-appointment-time",
        "An appointment lies ahead, within 180 days, and begins at a full five minutes.",
        "预约时间须在当前时间之后、180 天以内，并以五分钟为单位。",
    ),
    errors.SlotTaken: Problem(
        409,
        "slot-taken",
        "This time is no longer free. Please choose another; the list shows what is free now.",
        "该时间已被占用，请另选时间；列表显示的是最新的空闲时间。",
    ),
    errors.NoAgreement: Problem(
        409,
        "no-agreement",
        "No agreement in force lets your institution ask for this specialty in this legal role. "
        "Please ask {en} to make one; your request is kept on this page.",
        "贵机构没有有效的合作协议，不能就该专科以此种性质发起会诊。请联系{zh}签订协议；您填写的内容保留在本页。",
        lambda e: {
            "en": ", ".join(e.administrators) or "your institution's administrator",
            "zh": "、".join(e.administrators) or "本机构管理员",
        },
    ),
    errors.AgreementSettled: Problem(
        409,
        "agreement-settled",
        "This agreement has ended, or was accepted already. You now see how it stands.",
        "该协议已结束或已被接受。现在显示的是最新状态。",
    ),
    errors.BadAgreement: Problem(
        422,
        "bad-agreement",
        "An agreement is with another institution, for at least one specialty, and ends after it begins, "
        "within ten years.",
        "协议须与另一机构签订，至少包含一个专科；结束时间须晚于开始时间，期限不超过十年。",
    ),
    errors.StudyOfAnotherPatient: Problem(
        409,
        "study-of-another-patient",
        "This study belongs to another patient than the consult. It was kept, but not added to the consult.",
        "该检查属于另一位患者。检查已保存，但没有加入本次会诊。",
    ),
    errors.HistoryContradicts: Problem(
        422,
        "history-contradicts",
        "The history names some and also says that none are known. Please take out one of the two.",
        "病史中既列出了具体内容，又注明“无已知”，请去掉其中之一。",
    ),
    errors.HistoryTooLong: Problem(
        422,
        "history-too-long",
        "A consult keeps at most {limit} entries of history. Please give the ones that matter.",
        "一次会诊最多保存 {limit} 条病史，请只填写重要内容。",
        lambda e: {"limit": e.limit},
    ),
    errors.ConsultOver: Problem(
        409,
        "consult-over",
        "This consult is over: what belongs to it can be read, and no longer added to.",
        "本次会诊已结束：相关内容可以查看，但不能再添加。",
    ),
    errors.BundleNotReadable: Problem(
        422,
        "bundle-not-readable",
        "This is not a FHIR R4 bundle (JSON) of at most 2 MB and 1,000 entries. Nothing was taken from it.",
        "这不是 FHIR R4 Bundle（JSON），或超过 2 MB、1000 条。未读取任何内容。",
    ),
    errors.TooManyMessages: Problem(
        429,
        "too-many-messages",
        "You have sent many messages within a minute. Please wait a moment; your text is kept.",
        "您在一分钟内发送的消息过多，请稍候再发，已输入的内容会保留。",
    ),
    errors.MessageTooOld: Problem(
        409,
        "message-too-old",
        "A message can be changed for two minutes. You can withdraw it, or write another.",
        "消息只能在发出后两分钟内修改。您可以撤回，或另写一条。",
    ),
    errors.MessageWrittenAlready: Problem(
        409,
        "message-written-already",
        "Another message was written under this number already. Please send it again.",
        "此编号下已有另一条消息，请重新发送。",
    ),
    errors.KeyImageMarkedAlready: Problem(
        409,
        "key-image-marked-already",
        "Another image was marked under this number already. Please mark it again.",
        "此编号下已标记了另一幅图像，请重新标记。",
    ),
    errors.TooManyKeyImages: Problem(
        422,
        "too-many-key-images",
        "A study keeps at most {limit} key images. Please remove those that matter less.",
        "一项检查最多保存 {limit} 幅关键图像，请先移除不太重要的。",
        lambda e: {"limit": e.limit},
    ),
    errors.AttachmentIsDicom: Problem(
        422,
        "attachment-is-dicom",
        "This is a DICOM image. Please upload it as a study, so that both sides see it in the viewer.",
        "这是 DICOM 影像，请作为检查上传，双方即可在阅片器中查看。",
    ),
    errors.AttachmentRefused: Problem(
        422,
        "attachment-refused",
        "Only PDF, JPEG and PNG files are kept with a chat; this one is something else.",
        "会诊消息只能附 PDF、JPEG 或 PNG 文件，该文件不是这些类型。",
    ),
    errors.AttachmentTooLarge: Problem(
        413,
        "attachment-too-large",
        "This file is larger than {limit} MB. Please send a smaller one.",
        "文件超过 {limit} MB，请发送较小的文件。",
        lambda e: {"limit": e.limit_mb},
    ),
    errors.FindingsUndecided: Problem(
        409,
        "findings-undecided",
        "Nobody has decided on {count} AI findings yet: {en}. Accept or reject each one before you sign: "
        "nothing of AI origin enters a signed report undecided.",
        "还有 {count} 个 AI 发现未作决定：{zh}。签发前请逐一接受或排除，"
        "未经判定的 AI 结果不会进入已签发的报告。",
        lambda e: {
            "count": len(e.findings),
            "en": ", ".join(one.words.en for one in e.findings[:MOST_NAMED]),
            "zh": "、".join(one.words.zh for one in e.findings[:MOST_NAMED]),
        },
        lambda e: {
            "findings": [{"id": f.id, "study_instance_uid": f.study_instance_uid} for f in e.findings]
        },
    ),
    errors.EntriesFaulty: Problem(
        422,
        "entries-faulty",
        "Before you sign, please look at {count} fields: {en}",
        "签发前请检查 {count} 个字段：{zh}",
        _faults,
        lambda e: {"paths": [fault.path for fault in e.faults]},
    ),
    errors.PicturesMissing: Problem(
        409,
        "pictures-missing",
        "The report would be signed without the picture of {en}. Take it out of the report, try again later, "
        "or sign with a sentence in its place.",
        "签发的报告将缺少以下图像：{zh}。请将其从报告中移除、稍后重试，或以文字说明代替后签发。",
        _missing,
    ),
    errors.TemplateFaulty: Problem(
        422,
        "template-faulty",
        "This template cannot be published yet: {en}",
        "该模板尚不能发布：{zh}",
        _faults,
        lambda e: {"paths": [fault.path for fault in e.faults]},
    ),
    errors.TemplateUnreadable: Problem(
        422,
        "template-unreadable",
        "The file was not imported: {en}.",
        "文件未导入：{zh}。",
        lambda e: {"en": e.why.en, "zh": e.why.zh},
    ),
    errors.TemplateShipped: Problem(
        409,
        "template-shipped",
        "This template came with the program. Copy it, and change the copy.",
        "该模板随系统提供，不能直接修改。请先复制，再修改副本。",
    ),
    errors.DecisionsSigned: Problem(
        409,
        "decisions-signed",
        "A signed report rests on these decisions. Ask the specialist to amend the report first.",
        "已签发的报告以这些判定为依据。如需更改，请先由会诊专家修订报告。",
    ),
    BoxNotOnImage: Problem(
        422,
        "box-not-on-image",
        "The box must lie on the image and be at least one pixel wide and high.",
        "标记框必须位于图像范围内，且宽和高至少为一个像素。",
    ),
    errors.WrongPassword: Problem(403, "wrong-password", "This password is not right.", "密码不正确。"),
    errors.ConclusionMissing: Problem(
        422, "conclusion-missing", "Please write a conclusion before you sign.", "签发前请填写结论。"
    ),
    errors.CertificateNotValid: Problem(
        503,
        "certificate-not-valid",
        "The certificate for signing reports is not valid today, so nothing was signed; your text is kept. "
        "Please tell your administrator.",
        "报告签名证书当前无效，报告未签发，您填写的内容已保留。请联系管理员。",
    ),
    errors.TimeStampMissing: Problem(
        503,
        "time-stamp-missing",
        "The time-stamp authority did not answer, so nothing was signed. "
        "Your text is kept; please try again.",
        "时间戳机构没有响应，报告未签发，您填写的内容已保留。请稍后再试。",
    ),
    errors.ReportIsFinal: Problem(
        409,
        "report-is-final",
        "This report is signed and cannot be changed. Use 'amend' for a new version.",
        "报告已签发，不能修改。如需更改请使用“修订”。",
    ),
    errors.RecordingUnderWay: Problem(
        409,
        "recording-under-way",
        "This is still being recorded. Stop the recording in the room first.",
        "录制仍在进行，请先在会诊室中停止录制。",
    ),
    errors.StillTooLarge: Problem(
        413,
        "still-too-large",
        "This picture is larger than {limit} MB. Please take it with a lower resolution.",
        "图片超过 {limit} MB，请降低分辨率后重新拍摄。",
        lambda e: {"limit": e.limit_mb},
    ),
    errors.StillTakenAlready: Problem(
        409,
        "still-taken-already",
        "Another picture was kept under this number already. Please take it again.",
        "此编号下已保存另一张图片，请重新拍摄。",
    ),
    errors.StillsNotKept: Problem(
        409,
        "stills-not-kept",
        "This installation is not set up to keep pictures. Please tell your administrator.",
        "本系统尚未配置图片保存功能，请联系管理员。",
    ),
    StreamDamaged: Problem(
        500,
        "kept-file-damaged",
        "This file was damaged where it is kept, or its key does not open it. Nothing of it can be shown; "
        "please tell your administrator.",
        "该文件在存储中已损坏，或其密钥无法打开，因此无法显示。请联系管理员。",
    ),
    NotAPicture: Problem(
        422,
        "not-a-picture",
        "This file is not a picture that can be kept. Please send a JPEG or PNG.",
        "该文件不是可保存的图片，请使用 JPEG 或 PNG 格式。",
    ),
    PictureDamaged: Problem(
        422,
        "picture-damaged",
        "This picture is damaged or did not arrive whole. Please take it again.",
        "图片已损坏或未完整送达，请重新拍摄。",
    ),
    PictureSizeRefused: Problem(
        422,
        "picture-size-refused",
        "A picture of {width} × {height} pixels cannot be kept: "
        "from 16 pixels on each side up to {most} million in all.",
        "无法保存 {width} × {height} 像素的图片：每边至少 16 像素，总像素不超过 {most} 百万。",
        lambda e: {"width": e.width, "height": e.height, "most": e.most_megapixels},
    ),
    errors.UploadTooLarge: Problem(
        413,
        "upload-too-large",
        "This file is larger than this installation accepts. Please send the study as single images.",
        "文件超过本系统允许的大小。请以单幅图像方式上传该检查。",
    ),
    errors.UploadsBusy: Problem(
        503,
        "uploads-busy",
        "Very many files are coming in at the moment. The page sends yours again by itself in a few seconds.",
        "当前上传的文件很多，页面会在几秒后自动重新发送您的文件。",
    ),
    errors.UploadIncomplete: Problem(
        400,
        "upload-incomplete",
        "The connection ended before the file was complete. Please send it again.",
        "文件未传完连接就中断了，请重新发送。",
    ),
    errors.UploadClosed: Problem(
        409,
        "upload-closed",
        "This upload was finished already. Please start a new one.",
        "本次上传已结束，请重新开始。",
    ),
    errors.DigestMismatch: Problem(
        422,
        "digest-mismatch",
        "This file did not arrive as it was sent. It will be sent again.",
        "文件到达时与发送时不一致，将重新发送。",
    ),
    errors.ChunksMissing: Problem(
        409,
        "chunks-missing",
        "{count} parts of this file have not arrived yet. They will be sent again.",
        "该文件还有 {count} 个分块尚未到达，将重新发送。",
        lambda e: {"count": len(e.missing)},
        lambda e: {"missing_chunks": e.missing},
    ),
    errors.BadAeTitle: Problem(
        422,
        "bad-ae-title",
        "An AE title has 1 to 16 letters, digits or signs, as it is written in the device's settings.",
        "AE 标题为 1 至 16 个字母、数字或符号，请与设备设置中的写法一致。",
    ),
    errors.BadPeerAddress: Problem(
        422,
        "bad-peer-address",
        "Please give an IP address such as 192.168.1.20, or a network such as 192.168.1.0/24. "
        "A device with a port needs a single address.",
        "请填写 IP 地址（如 192.168.1.20）或网段（如 192.168.1.0/24）。填写端口时必须是单个地址。",
    ),
    errors.PeerExists: Problem(
        409,
        "peer-exists",
        "A device with this AE title and address is on the list already.",
        "列表中已有使用该 AE 标题和地址的设备。",
    ),
    errors.PeerHasNoPort: Problem(
        409,
        "peer-has-no-port",
        "This device has no port on the list, so it cannot be called.",
        "该设备未登记端口，无法向它发起连接。",
    ),
    errors.AccessionNumberTaken: Problem(
        409,
        "accession-number-taken",
        "Another planned examination has this accession number already.",
        "该检查号已被另一项检查安排使用。",
    ),
    errors.NotAcceptable: Problem(
        406,
        "not-acceptable",
        "None of the formats that this program asks for can be made of this object.",
        "该对象无法以此程序请求的任何格式提供。",
    ),
    errors.SearchNotUnderstood: Problem(
        400,
        "search-not-understood",
        "This search cannot be answered: {what}.",
        "无法执行此查询：{what}。",
        lambda e: {"what": e.what[:200]},
    ),
    errors.NotMultipart: Problem(
        415,
        "not-multipart",
        "Please send DICOM files as multipart/related with type=\"application/dicom\".",
        "请以 multipart/related（type=\"application/dicom\"）发送 DICOM 文件。",
    ),
    errors.NothingToSearchFor: Problem(
        422,
        "nothing-to-search-for",
        "Please enter a patient ID, a name, an accession number or a date.",
        "请输入病历号、姓名、检查号或日期。",
    ),
    errors.PasswordFileMissing: Problem(
        409,
        "password-file-missing",
        "The file with this archive's password is missing or not readable. Please ask your administrator.",
        "该归档系统的口令文件缺失或无法读取，请联系管理员。",
    ),
    ForbiddenAddress: Problem(
        422,
        "address-not-allowed",
        "This address cannot be used: it is unknown, or leads to this server itself.",
        "该地址不可用：无法解析，或指向本服务器自身。",
    ),
    RemoteArchiveAway: Problem(
        502,
        "remote-archive-away",
        "The other hospital's archive does not answer. Please try again later.",
        "外院影像归档系统没有应答，请稍后再试。",
    ),
    RemoteArchiveError: Problem(
        502,
        "remote-archive-refused",
        "The other hospital's archive refuses our request. Its IT staff must enter our AE title or login.",
        "外院影像归档系统拒绝了请求，请联系对方信息科登记本系统的 AE Title 或账号。",
    ),
    BundleError: Problem(
        409,
        "model-refused",
        "{en}",
        "{zh}",
        lambda e: {
            "en": e.reason.en if e.reason else e,
            "zh": e.reason.zh if e.reason else "该模型无法使用。",
        },
    ),
    DicomError: Problem(
        422,
        "image-not-readable",
        "{en}",
        "{zh}",
        lambda e: {"en": e.reason.en, "zh": e.reason.zh},
    ),
    errors.BadCursor: Problem(
        422,
        "bad-cursor",
        "This list cannot be read on from here. Please load it again.",
        "无法从此处继续读取列表，请重新加载。",
    ),
    errors.AssignedMeanwhile: Problem(
        409,
        "assigned-meanwhile",
        "Somebody else took this study, or gave it away, in the meantime. You now see whose it is.",
        "此检查的分配刚刚已被他人更改。现在显示的是最新的负责人。",
    ),
    errors.ViewNameTaken: Problem(
        409, "view-name-taken", "You have a view of this name already.", "您已有同名视图。"
    ),
    StaleVersion: Problem(
        409,
        "changed-meanwhile",
        "Somebody else changed this in the meantime. You now see the newest state; please look again.",
        "其他人已同时修改了此内容。现在显示的是最新状态，请重新确认。",
    ),
    PacsUnavailable: Problem(
        503,
        "archive-away",
        "The image archive does not answer at the moment. Nothing is lost; please try again shortly.",
        "影像归档暂时没有响应。数据没有丢失，请稍后再试。",
    ),
    errors.AuditStoreAway: Problem(
        503,
        "audit-log-away",
        "The record of who sees what cannot be written at the moment, so patient data is closed to all. "
        "Nothing is lost; your administrator has been told. Calls go on.",
        "目前无法写入访问审计记录，因此暂停访问所有患者数据。数据没有丢失，已通知管理员，进行中的通话不受影响。",
    ),
    errors.EmergencyNotNeeded: Problem(
        409,
        "emergency-not-needed",
        "You may see this already: an emergency access is not needed.",
        "您已有权查看，无需紧急访问。",
    ),
    errors.CheckpointsUnreadable: Problem(
        409,
        "checkpoints-unreadable",
        "A line of audit-checkpoints.jsonl in the data folder cannot be read: somebody has changed the file.",
        "数据目录中 audit-checkpoints.jsonl 的某一行无法读取：该文件被改动过。",
    ),
    OperationalError: Problem(
        503,
        "database-away",
        "The database does not answer at the moment. Please try again shortly.",
        "数据库暂时没有响应，请稍后再试。",
    ),
    RequestValidationError: Problem(
        422,
        "not-understood",
        "Something in the form is missing or not in the right shape: {fields}.",
        "表单内容缺失或格式不正确：{fields}。",
        lambda e: {"fields": ", ".join(sorted({str(part) for d in e.errors() for part in d["loc"][-1:]}))},
    ),
}
DISK_FULL = Problem(
    503,
    "server-disk-full",
    "The server's disk is full, so this could not be kept. Nothing that was kept is lost; "
    "please tell your IT staff, and try again.",
    "服务器磁盘已满，本次内容未能保存。已保存的数据没有丢失；请通知信息科处理后重试。",
)
UNKNOWN_PATH = Problem(404, "not-found", "There is no such page.", "没有这个页面。")
WRONG_METHOD = Problem(
    405, "wrong-method", "This address does not take that request.", "该地址不支持此请求。"
)
TOO_LARGE = Problem(
    413,
    "request-too-large",
    "What was sent is larger than this page may send.",
    "发送的内容超过了本页面允许的大小。",
)
MALFORMED = Problem(400, "malformed-request", "What was sent cannot be read.", "无法读取所发送的内容。")
OF_STATUS = {400: MALFORMED, 405: WRONG_METHOD, 413: TOO_LARGE}
OURS = Problem(
    500,
    "internal-error",
    "Something went wrong on our side. It has been logged; please try again.",
    "系统出现错误，已记录。请重试。",
)


def problem_for(error: Exception) -> Problem:
    """The row of the error's class, or of the nearest class above it; a full disk whoever tells of it."""
    if is_disk_full(error) or isinstance(error, PacsFull):
        return DISK_FULL
    for kind in type(error).__mro__:
        if kind in PROBLEMS:
            return PROBLEMS[kind]
    if isinstance(error, HTTPException):
        return OF_STATUS.get(error.status_code, UNKNOWN_PATH)
    return OURS


def sentence(problem: Problem, error: Exception) -> dict[str, str]:
    values = problem.values(error)
    return {"code": problem.code, "en": problem.en.format(**values), "zh": problem.zh.format(**values)}


def as_response(request: Request, error: Exception) -> JSONResponse:
    problem = problem_for(error)
    said = sentence(problem, error)
    prefers_chinese = request.headers.get("accept-language", "").startswith("zh")
    headers: dict[str, str] = {}
    if isinstance(error, errors.TooManyAttempts | errors.TooManyRequests | errors.TooManyLinkRequests):
        headers["Retry-After"] = str(error.wait_s)
    if problem.status in (429, 503):
        headers.setdefault("Retry-After", str(RETRY_AFTER_S))
    return JSONResponse(
        jsonable_encoder(
            {
                "type": f"urn:teleconsult:problem:{problem.code}",
                "title": problem.code,
                "status": problem.status,
                "detail": said["zh"] if prefers_chinese else said["en"],
                "code": problem.code,
                "sentence": said,
                **problem.members(error),
            }
        ),
        status_code=problem.status,
        media_type="application/problem+json",
        headers=headers,
    )


def unknown_path() -> JSONResponse:
    """What an address under /api that does not exist answers."""
    return JSONResponse(
        {
            "type": "urn:teleconsult:problem:not-found",
            "title": "not-found",
            "status": 404,
            "detail": UNKNOWN_PATH.en,
            "code": UNKNOWN_PATH.code,
            "sentence": sentence(UNKNOWN_PATH, HTTPException(404)),
        },
        status_code=404,
        media_type="application/problem+json",
    )


def install(app: FastAPI) -> None:
    async def handle(request: Request, error: Exception) -> JSONResponse:
        response = as_response(request, error)
        if problem_for(error) is OURS:
            # Quoted: a line end in the path would write a line of its own.
            log.exception("request-crashed path=%s", quote(request.url.path), exc_info=error)
            response.headers["X-Request-Id"] = named().get("request_id", "")
        return response

    for kind in (*PROBLEMS, OSError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)
