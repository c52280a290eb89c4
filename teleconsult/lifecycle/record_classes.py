"""How long records are kept, by class: the default, what the law asks for, and who sets it. Pure.

`TELECONSULT_RETENTION=recording-record:10950,notification-read:30,grace:14` sets days. docs/retention.md is
drawn from CLASSES. A period shorter than the law's is warned of and not refused: another place's law may ask
for less.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

SETTING: Final = "TELECONSULT_RETENTION"
DAYS_IN_A_YEAR: Final = 365
OUTPATIENT_DAYS: Final = 15 * DAYS_IN_A_YEAR
PROCESS_DAYS: Final = 3 * DAYS_IN_A_YEAR
LOG_DAYS: Final = 183  # six months
GRACE: Final = "grace"  # in the setting; lifecycle/announced_deletions.py
GRACE_DAYS: Final = 7

# 门诊 15 years from the last visit, 住院 30 years from the last discharge.
RECORDS = "医疗机构管理条例实施细则, article 53; 医疗机构病历管理规定 (2013), article 29"
ONLINE = "互联网诊疗监管细则（试行） (2022)"
LOGS = "网络安全法: logs six months at least"
SHORTEST = "个人信息保护法, article 19: no longer than is needed"


class RecordClass(StrEnum):
    IMAGES = "images"
    REPORTS = "reports"
    AI_RESULTS = "ai-results"
    PICTURES = "pictures"
    CHAT = "chat"
    PATIENT_LINKS = "patient-links"
    RECORDING_RECORD = "recording-record"
    RECORDING_REVIEW = "recording-review"
    NOTIFICATION_READ = "notification-read"
    NOTIFICATION_UNREAD = "notification-unread"
    AUDIT_LOG = "audit-log"


class SetBy(StrEnum):
    SETTING = "setting"
    RULES = "rules"  # of an institution, by modality and age, on the page "Manage"
    NOBODY = "nobody"  # nothing deletes it by age


@dataclass(frozen=True, slots=True)
class Keeping:
    """What holds of a class.

    Attributes:
        days: unless the hospital says otherwise; None: as long as the installation.
        since: from when they count.
        least_days: what the law asks for; None: nothing is asked for.
        source: of `least_days`, or why the default is what it is.
    """

    en: str
    zh: str
    set_by: SetBy
    days: int | None
    since: str | None
    least_days: int | None
    source: str


CLASSES: Final[Mapping[RecordClass, Keeping]] = MappingProxyType(
    {
        RecordClass.IMAGES: Keeping(
            "images, but for those that a consult rests on",
            "影像（会诊所依据的除外）",
            SetBy.RULES,
            None,
            "they came",
            OUTPATIENT_DAYS,
            RECORDS,
        ),
        RecordClass.REPORTS: Keeping(
            "consults with their images, reports, consents, opinions, decisions",
            "会诊及其影像、报告、知情同意、意见、决定",
            SetBy.NOBODY,
            None,
            None,
            OUTPATIENT_DAYS,
            RECORDS + "; 远程医疗服务管理规范（试行） (2018): both sides keep them",
        ),
        RecordClass.AI_RESULTS: Keeping(
            "AI results; those that nobody decided on until AI reads again",
            "AI 结果（未处理的在再次分析时被替换）",
            SetBy.NOBODY,
            None,
            None,
            OUTPATIENT_DAYS,
            "part of the record that they were decided in: see reports; they go with their images",
        ),
        RecordClass.PICTURES: Keeping(
            "stills, key images, measurements",
            "会诊截图、关键图像、测量",
            SetBy.NOBODY,
            None,
            None,
            OUTPATIENT_DAYS,
            RECORDS,
        ),
        RecordClass.CHAT: Keeping(
            "chat, with its files", "会诊聊天及其文件", SetBy.NOBODY, None, None, PROCESS_DAYS, ONLINE
        ),
        RecordClass.PATIENT_LINKS: Keeping(
            "links of patients and interpreters, with their consents",
            "患者和翻译的链接及其同意记录",
            SetBy.NOBODY,
            None,
            None,
            OUTPATIENT_DAYS,
            "who was there and agreed is part of the record; a link itself opens for hours",
        ),
        RecordClass.RECORDING_RECORD: Keeping(
            "recordings of class record",
            "归入病历的录音录像",
            SetBy.SETTING,
            OUTPATIENT_DAYS,
            "they ended",
            OUTPATIENT_DAYS,
            RECORDS,
        ),
        RecordClass.RECORDING_REVIEW: Keeping(
            "recordings of class review",
            "仅供复看的录音录像",
            SetBy.SETTING,
            90,
            "they ended",
            None,
            f"{SHORTEST}. Where the patient is treated online: 3 years, {ONLINE}",
        ),
        RecordClass.NOTIFICATION_READ: Keeping(
            "notifications that were read",
            "已读通知",
            SetBy.SETTING,
            90,
            "they were read",
            None,
            SHORTEST,
        ),
        RecordClass.NOTIFICATION_UNREAD: Keeping(
            "notifications that were not",
            "未读通知",
            SetBy.SETTING,
            365,
            "they came",
            None,
            SHORTEST,
        ),
        RecordClass.AUDIT_LOG: Keeping(
            "audit log", "审计日志", SetBy.NOBODY, None, None, LOG_DAYS, LOGS
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Retention:
    """The days of the classes that a setting may set, and for how many a deletion is announced before."""

    days: Mapping[RecordClass, int]
    grace_days: int = GRACE_DAYS

    @classmethod
    def from_text(cls, text: str = "") -> "Retention":
        """What a setting like `recording-review:1095` says; where it says nothing, the default.

        Raises:
            ValueError: no such class, one that no setting sets, or no number of days.
        """
        days: dict[str, int] = {
            name: row.days for name, row in CLASSES.items() if row.set_by is SetBy.SETTING and row.days
        }
        days[GRACE] = GRACE_DAYS
        for entry in filter(None, (part.strip() for part in text.split(","))):
            name, _, count = (part.strip() for part in entry.partition(":"))
            if name not in days:
                raise ValueError(f"{entry}: what can be set is {', '.join(days)}")
            if not count.isdecimal() or int(count) < 1:
                raise ValueError(f"{entry}: a number of days, at least one")
            days[name] = int(count)
        grace_days = days.pop(GRACE)
        return cls({RecordClass(name): count for name, count in days.items()}, grace_days)

    @property
    def grace(self) -> timedelta:
        return timedelta(days=self.grace_days)

    @property
    def shorter_than_law(self) -> list[RecordClass]:
        """Those that are deleted before the law says that they may."""
        return [name for name, days in self.days.items() if days < (CLASSES[name].least_days or 0)]


def in_words(days: int) -> str:
    """`5475` is 15 years."""
    years, rest = divmod(days, DAYS_IN_A_YEAR)
    return f"{days} days" if rest or not years else f"{years} year{'s' if years > 1 else ''}"
