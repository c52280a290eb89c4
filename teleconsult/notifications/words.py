"""The sentence of each notification in both languages: pure. It names colleagues and institutions."""

from collections.abc import Mapping
from dataclasses import dataclass

from teleconsult.consults.specialty_names import SPECIALTIES
from teleconsult.notifications.notification import Kind

URGENCIES: Mapping[str, tuple[str, str]] = {
    "routine": ("Routine", "常规"),
    "urgent": ("Urgent", "加急"),
    "emergency": ("Emergency", "紧急"),
}
SENTENCES: Mapping[Kind, tuple[str, str]] = {
    Kind.REQUEST_RECEIVED: (
        "{urgency_en} request from {institution_en}: {specialty_en}",
        "{institution_zh}提交了{urgency_zh}会诊申请：{specialty_zh}",
    ),
    Kind.REQUEST_WAITS: (
        "{urgency_en} request from {institution_en} waits: nobody in {specialty_en} has accepted it yet",
        "{institution_zh}的{urgency_zh}会诊申请仍在等待：{specialty_zh}尚无人接受",
    ),
    Kind.REQUEST_ACCEPTED: ("{person} has accepted your request", "{person} 已接受您的会诊申请"),
    Kind.REQUEST_DECLINED: ("{person} has declined your request", "{person} 未接受您的会诊申请"),
    Kind.REQUEST_RETURNED: (
        "{person} has returned your request: something is missing",
        "{person} 退回了您的会诊申请：资料需要补充",
    ),
    Kind.SCHEDULED: ("{person} has set the time of a consult", "{person} 约定了会诊时间"),
    Kind.CALLED_OFF: ("{person} has called off a consult", "{person} 取消了一次会诊"),
    Kind.APPOINTMENT_NEAR: (
        "A consult with {institution_en} begins at {starts_at}",
        "与{institution_zh}的会诊将于 {starts_at} 开始",
    ),
    Kind.ROOM_OPENED: ("{person} waits for you in the consult room", "{person} 已进入会诊室，正在等您"),
    Kind.REPORT_SIGNED: ("{person} has signed the report of a consult", "{person} 已签发会诊报告"),
    Kind.REPORT_REOPENED: ("{person} is amending a signed report", "{person} 正在修订已签发的报告"),
    Kind.REPORT_ACKNOWLEDGED: ("{person} has acknowledged your report", "{person} 已确认收到您的报告"),
    Kind.CRITICAL_RESULT: (
        "Critical result from {person}: please acknowledge it with your decision",
        "{person} 报告了危急结果：请确认并写明您的处理",
    ),
    Kind.CRITICAL_OVERDUE: (
        "A critical result from {person} for {asking} ({institution_en}) has not been acknowledged in time",
        "{person} 发给{institution_zh} {asking} 的危急结果未按时确认",
    ),
    Kind.CRITICAL_TELEPHONE: (
        "Your critical result for {asking} ({institution_en}) has not been acknowledged: please telephone",
        "您发给{institution_zh} {asking} 的危急结果尚未确认：请立即电话告知",
    ),
    Kind.CRITICAL_ACKNOWLEDGED: (
        "{person} has acknowledged your critical result",
        "{person} 已确认您报告的危急结果",
    ),
    Kind.CRITICAL_TELEPHONED: (
        "{person} has recorded that a critical result was told by telephone",
        "{person} 已记录：危急结果已电话告知",
    ),
    Kind.CRITICAL_WITHDRAWN: (
        "{person} has withdrawn a critical result: please read why",
        "{person} 撤回了一项危急结果：请查看原因",
    ),
    Kind.SECOND_FACTOR_RESET: (
        "{person} has reset your second factor. If you did not ask for it, tell your administrator at once",
        "{person} 重置了您的第二重验证。如非您本人要求，请立即告知管理员",
    ),
    Kind.AUDIT_LOG_AWAY: (
        "The audit log could not be written, so nobody could see any study or consult. See the page /status",
        "审计日志无法写入，检查和会诊已暂停访问。请查看 /status 页面",
    ),
    Kind.AUDIT_NOT_FORWARDED: (
        "Entries of the audit log do not reach the hospital's receiver. They are kept. See the page /status",
        "审计日志未能送达医院的接收服务器，记录仍保存在本系统。请查看 /status 页面",
    ),
    Kind.EMERGENCY_ACCESS: (
        "{person} ({institution_en}) has opened a case in an emergency: please review it under Privacy",
        "{person}（{institution_zh}）紧急访问了一个病例：请在“隐私审计”中复核",
    ),
    Kind.EMERGENCY_ACCESS_UNWATCHED: (
        "{person} ({institution_en}) has opened a case in an emergency, and nobody here reviews it: please "
        "name a privacy officer under Members",
        "{person}（{institution_zh}）紧急访问了一个病例，本院尚无人复核：请在“人员”中指定隐私保护专员",
    ),
    Kind.EMERGENCY_ACCESS_OBJECTED: (
        "{person} has objected to your emergency access to a case: please speak with them",
        "{person} 对您的紧急访问提出异议：请与其联系",
    ),
    Kind.TEST: ("This is the test that you asked for", "这是您请求的测试通知"),
}


@dataclass(frozen=True, slots=True)
class Words:
    en: str
    zh: str

    def in_language(self, language: str) -> str:
        return self.en if language == "en" else self.zh


def words(kind: Kind, values: Mapping[str, str]) -> Words:
    """The sentence; an unknown specialty is named as it is stored."""
    specialty, urgency = values.get("specialty", ""), values.get("urgency", "")
    named = dict(values)
    named["specialty_en"], named["specialty_zh"] = SPECIALTIES.get(specialty, (specialty, specialty))
    named["urgency_en"], named["urgency_zh"] = URGENCIES.get(urgency, (urgency, urgency))
    en, zh = SENTENCES[kind]
    return Words(en.format(**named), zh.format(**named))
