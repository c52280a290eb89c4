"""The state of an installation in sentences, as one page that needs nothing else to be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Literal

from teleconsult.backups.history import Backups

REFRESHED_EVERY_S = 10

Language = Literal["en", "zh"]
Sentence = Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class PartInWords:
    """What a part is for, and what to do while it does not answer."""

    name: Sentence
    works: Sentence
    is_away: Sentence


@dataclass(frozen=True, slots=True)
class Unsent:
    """Audit entries that the receiver does not have; the oldest has waited so long."""

    entries: int
    waited_s: float
    is_late: bool


DATABASE = PartInWords(
    {"en": "Database", "zh": "数据库"},
    {"en": "Users, cases and reports can be read and written.", "zh": "用户、病例和报告可正常读写。"},
    {
        "en": "Nobody can sign in, and open pages show errors. Check the disk and the database server; "
        "the log is logs/app.log.",
        "zh": "用户无法登录，已打开的页面会报错。请检查磁盘和数据库服务器；日志见 logs/app.log。",
    },
)
AUDIT = PartInWords(
    {"en": "Audit log", "zh": "审计日志"},
    {"en": "Every access to a patient is recorded.", "zh": "对患者资料的每次访问都有记录。"},
    {
        "en": "Accesses cannot be recorded, so patient data stay closed. It is in the database: see there.",
        "zh": "访问无法被记录，因此患者资料暂不开放。审计日志保存在数据库中，请先检查数据库。",
    },
)
OBJECTS = PartInWords(
    {"en": "File store", "zh": "文件存储"},
    {
        "en": "Report files, recordings and attachments can be stored.",
        "zh": "报告文件、录音录像和附件可正常保存。",
    },
    {
        "en": "Report files, recordings and attachments can be neither opened nor stored. Check the disk, "
        "its rights, or the S3 server.",
        "zh": "报告文件、录音录像和附件无法打开或保存。请检查磁盘、目录权限或 S3 服务器。",
    },
)
BROKER = PartInWords(
    {"en": "Message broker (Redis)", "zh": "消息服务（Redis）"},
    {"en": "Pages are told of changes at once.", "zh": "页面会立即收到变化。"},
    {
        "en": "Pages learn of changes late, AI waits, and no room can be opened at another relay. Calls that "
        "are on go on. The log is logs/redis.log.",
        "zh": "页面更新延迟，AI 分析等待中，会诊室无法转移。正在进行的通话不受影响。"
        "日志见 logs/redis.log。",
    },
)
ARCHIVE = PartInWords(
    {"en": "Image archive (Orthanc)", "zh": "影像归档（Orthanc）"},
    {"en": "Images can be sent in and opened.", "zh": "影像可正常上传和打开。"},
    {
        "en": "Images can be neither sent in nor opened; pages try again by themselves. Calls go on. "
        "The log is logs/orthanc.log.",
        "zh": "影像暂时无法上传或打开；页面会自动重试。通话不受影响。日志见 logs/orthanc.log。",
    },
)
QUEUE = PartInWords(
    {"en": "Queue for AI (RabbitMQ)", "zh": "AI 任务队列（RabbitMQ）"},
    {"en": "AI begins with a study as soon as it is there.", "zh": "检查到达后 AI 会立即开始分析。"},
    {
        "en": "AI waits; nothing is lost, and it goes on by itself when the queue is back. All else works. "
        "Check the RabbitMQ server.",
        "zh": "AI 分析等待中；任务不会丢失，队列恢复后会自动继续。其他功能不受影响。请检查 RabbitMQ 服务器。",
    },
)
RELAY = PartInWords(
    {"en": "Calls ({name})", "zh": "通话（{name}）"},
    {"en": "Sound, pictures and shared images go through.", "zh": "语音、视频和共享影像可正常传输。"},
    {
        "en": "Its rooms go on at another relay, or come back when it does. The log is logs/{name}.log.",
        "zh": "其会诊室会转到其他中继，或在它恢复后继续。日志见 logs/{name}.log。",
    },
)
PARTS = {
    "database": DATABASE,
    "audit": AUDIT,
    "objects": OBJECTS,
    "broker": BROKER,
    "archive": ARCHIVE,
    "queue": QUEUE,
}
TITLE: Sentence = {"en": "Teleconsult: is everything running?", "zh": "远程会诊系统：运行是否正常？"}
ALL_WORKS: Sentence = {"en": "Everything is running.", "zh": "一切运行正常。"}
SOME_AWAY: Sentence = {
    "en": "{count} of {all} parts do not answer. What that means and what to do stands beside each.",
    "zh": "{all} 个部件中有 {count} 个没有响应，其影响和处理办法见下。",
}
MORE: Sentence = {
    "en": f"This page asks again every {REFRESHED_EVERY_S} seconds. On the server, “make doctor” says more.",
    "zh": f"本页每 {REFRESHED_EVERY_S} 秒刷新一次。在服务器上运行 make doctor 可做更多检查。",
}
WORKS: Sentence = {"en": "works", "zh": "正常"}
AWAY: Sentence = {"en": "does not answer", "zh": "无响应"}
BACKUPS: Sentence = {"en": "Backups", "zh": "备份"}
IN_ORDER: Sentence = {"en": "in order", "zh": "正常"}
LOOK_AT_THIS: Sentence = {"en": "look at this", "zh": "请处理"}
NO_BACKUP: Sentence = {
    "en": "There is no backup: what the disk loses is lost. docs/backup.md says how to make one each night.",
    "zh": "尚无备份：磁盘损坏将导致数据丢失。每晚自动备份的设置方法见 docs/backup.md。",
}
LAST_BACKUP: Sentence = {"en": "The last backup was made {ago}.", "zh": "上次备份：{ago}。"}
LAST_VERIFIED: Sentence = {
    "en": "The last one that was restored for a trial: {ago}.",
    "zh": "上次恢复验证：{ago}。",
}
NEVER_VERIFIED: Sentence = {
    "en": "None was restored for a trial yet (teleconsult backup --verify).",
    "zh": "尚未做过恢复验证（teleconsult backup --verify）。",
}
FAILED: Sentence = {
    "en": "The newest try came to nothing; the log is logs/app.log.",
    "zh": "最近一次备份失败；日志见 logs/app.log。",
}
FORWARDING: Sentence = {"en": "Copy of the audit log", "zh": "审计日志外送"}
ALL_FORWARDED: Sentence = {
    "en": "The hospital's receiver has every entry.",
    "zh": "医院的接收服务器已收到全部记录。",
}
SOME_WAIT: Sentence = {
    "en": "{count} entries wait for the hospital's receiver, the oldest for {minutes} minutes.",
    "zh": "{count} 条记录等待送往医院的接收服务器，最早一条已等待 {minutes} 分钟。",
}
WAIT_TOO_LONG: Sentence = {
    "en": "They are kept in the audit log and go out by themselves once it answers; logs/app.log says "
    "(audit-receiver-away) what is in the way.",
    "zh": "记录仍保存在审计日志中，接收服务器恢复后会自动送出；原因见 logs/app.log（audit-receiver-away）。",
}
HOURS_AGO: Sentence = {"en": "{count} hours ago", "zh": "{count} 小时前"}
DAYS_AGO: Sentence = {"en": "{count} days ago", "zh": "{count} 天前"}
LESS_THAN_AN_HOUR: Sentence = {"en": "less than an hour ago", "zh": "不到一小时前"}
STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, "Noto Sans CJK SC", sans-serif }
body { margin: 0 auto; max-width: 44rem; padding: 1.5rem 1rem }
h1 { font-size: 1.25rem; margin: 0 0 .5rem }
ul { list-style: none; padding: 0 }
li { border: 1px solid light-dark(#c9d1d9, #3a434d); border-left-width: .4rem; border-radius: .4rem;
  margin: .6rem 0; padding: .6rem .9rem }
li.works { border-left-color: light-dark(#1a7f4b, #3fb97a) }
li.away { border-left-color: light-dark(#b42318, #f0695f) }
li p, body > p { margin: .2rem 0 }
.said { float: right; font-weight: 600 }
.works .said { color: light-dark(#146c3f, #57c98d) }
.away .said { color: light-dark(#b42318, #ff8a80) }
footer { color: light-dark(#4d5761, #a5b0bb); margin-top: 1.2rem }
"""


def status_page(
    answers: Mapping[str, bool],
    language: Language,
    backups: Backups | None,
    now: datetime,
    unsent: Unsent | None = None,
) -> str:
    """HTML; `answers` has for each part whether it answers.

    `backups`: None where nobody knows. `unsent`: audit entries that the receiver does not have; None where
    there is no receiver, or nobody knows.
    """
    away = sum(not answer for answer in answers.values())
    summary = SOME_AWAY if away else ALL_WORKS
    rows = "".join(_row(part, answer, language) for part, answer in answers.items())
    if backups is not None:
        rows += _backup_row(backups, language, now)
    if unsent is not None:
        rows += _forwarding_row(unsent, language)
    return (
        f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="refresh" content="{REFRESHED_EVERY_S}">'
        f"<title>{TITLE[language]}</title><style>{STYLE}</style></head><body><main><h1>{TITLE[language]}</h1>"
        f'<p role="status">{summary[language].format(count=away, all=len(answers))}</p><ul>{rows}</ul></main>'
        f"<footer>{MORE[language]}</footer></body></html>"
    )


def _row(part: str, answers: bool, language: Language) -> str:
    words = PARTS.get(part, RELAY)
    sentence = words.works if answers else words.is_away
    said = WORKS if answers else AWAY
    return (
        f'<li class="{"works" if answers else "away"}"><span class="said">{said[language]}</span>'
        f"<strong>{escape(words.name[language].format(name=part))}</strong>"
        f"<p>{escape(sentence[language].format(name=part))}</p></li>"
    )


def _backup_row(backups: Backups, language: Language, now: datetime) -> str:
    sentences = []
    if backups.last_made is None:
        sentences.append(NO_BACKUP[language])
    else:
        sentences.append(LAST_BACKUP[language].format(ago=_ago(backups.last_made, language, now)))
        sentences.append(
            LAST_VERIFIED[language].format(ago=_ago(backups.last_verified, language, now))
            if backups.last_verified
            else NEVER_VERIFIED[language]
        )
    if backups.problem:
        sentences.append(FAILED[language])
    is_fine = not backups.problem and not backups.is_worrying(now)
    return _judged_row(BACKUPS, sentences, is_fine, language)


def _forwarding_row(unsent: Unsent, language: Language) -> str:
    if not unsent.entries:
        return _judged_row(FORWARDING, [ALL_FORWARDED[language]], True, language)
    minutes = int(unsent.waited_s // 60)
    sentences = [SOME_WAIT[language].format(count=unsent.entries, minutes=minutes)]
    if unsent.is_late:
        sentences.append(WAIT_TOO_LONG[language])
    return _judged_row(FORWARDING, sentences, not unsent.is_late, language)


def _judged_row(name: Sentence, sentences: Sequence[str], is_fine: bool, language: Language) -> str:
    said = IN_ORDER if is_fine else LOOK_AT_THIS
    return (
        f'<li class="{"works" if is_fine else "away"}"><span class="said">{said[language]}</span>'
        f"<strong>{name[language]}</strong><p>{escape(' '.join(sentences))}</p></li>"
    )


def _ago(at: datetime, language: Language, now: datetime) -> str:
    hours = int((now - at).total_seconds() // 3600)
    if hours < 1:
        return LESS_THAN_AN_HOUR[language]
    if hours < 48:
        return HOURS_AGO[language].format(count=hours)
    return DAYS_AGO[language].format(count=hours // 24)
