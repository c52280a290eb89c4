"""What can be in the way of a backup or a restore, as sentences in both languages. Standard library only."""

from collections.abc import Mapping

SENTENCES: Mapping[str, tuple[str, str]] = {
    "no-installation": (
        "There is no installation in {folder}.",
        "{folder} 中没有系统数据。",
    ),
    "no-target": (
        "Say where the archive goes: --to FOLDER, or TELECONSULT_BACKUP_TO.",
        "请指定备份位置：--to 文件夹，或设置 TELECONSULT_BACKUP_TO。",
    ),
    "target-inside": (
        "{folder} lies in the data folder: what takes the data takes the backup too. Choose another disk.",
        "{folder} 位于数据文件夹内：数据丢失时备份也会丢失。请选择其他磁盘。",
    ),
    "no-passphrase": (
        "Name the passphrase's file: --passphrase-file, or TELECONSULT_BACKUP_PASSPHRASE_FILE.",
        "请指定备份口令文件：--passphrase-file，或设置 TELECONSULT_BACKUP_PASSPHRASE_FILE。",
    ),
    "passphrase-inside": (
        "{file} lies in the data folder and would be lost with it. Keep the passphrase elsewhere.",
        "{file} 位于数据文件夹内，会随数据一起丢失。请将口令保存在别处。",
    ),
    "passphrase-short": (
        "The passphrase must have 16 characters or more.",
        "口令至少需要 16 个字符。",
    ),
    "wrong-passphrase": (
        "The passphrase does not open this archive. Nothing was changed.",
        "口令无法打开此备份。未做任何更改。",
    ),
    "no-archive": (
        "{name} is no backup of Teleconsult. Nothing was changed.",
        "{name} 不是 Teleconsult 的备份。未做任何更改。",
    ),
    "store-away": (
        "The store of objects (S3) does not answer, or refuses: {why}",
        "对象存储（S3）无响应或拒绝访问：{why}",
    ),
    "nothing-there": (
        "There is no complete backup in {where}.",
        "{where} 中没有完整的备份。",
    ),
    "damaged": (
        "The archive is damaged or cut short ({what}). Nothing was changed: take an older one.",
        "备份已损坏或不完整（{what}）。未做任何更改：请使用更早的备份。",
    ),
    "newer": (
        "The archive is of a newer version of Teleconsult (schema {revision}). Install that version first.",
        "此备份来自较新版本的 Teleconsult（数据结构 {revision}）。请先安装该版本。",
    ),
    "newer-database": (
        "The database is of a newer version of Teleconsult (schema {revision}). Install that version, or "
        "go back to a copy of the database from before.",
        "数据库来自较新版本的 Teleconsult（数据结构 {revision}）。请安装该版本，或恢复升级前的数据库副本。",
    ),
    "other-database": (
        "The archive holds a {archived} database, and this installation is set to {here}.",
        "备份中的数据库是 {archived}，而当前系统设置为 {here}。",
    ),
    "not-empty": (
        "{where} is not empty. A restore overwrites nothing: name an empty place.",
        "{where} 不是空的。恢复不会覆盖任何数据：请指定空的位置。",
    ),
    "no-room": (
        "{where} has {free} GB free; {needed} GB are needed.",
        "{where} 剩余 {free} GB；需要 {needed} GB。",
    ),
    "running": (
        "An installation is running on {folder}. Stop it first.",
        "{folder} 上有系统正在运行。请先停止。",
    ),
    "backup-running": (
        "A backup is being made already.",
        "备份正在进行中。",
    ),
    "bad-keep": (
        "{text} does not say what to keep: DAILY,WEEKLY,MONTHLY such as 7,4,12.",
        "{text} 不是有效的保留份数：应为“每日,每周,每月”，例如 7,4,12。",
    ),
    "restless": (
        "The image archive was started again and again meanwhile. Try once more.",
        "影像归档在此期间反复重启。请重试。",
    ),
    "no-scratch-database": (
        "The database user may not make a scratch database for the trial: ALTER ROLE {user} CREATEDB.",
        "数据库用户无权创建验证用的临时数据库：请执行 ALTER ROLE {user} CREATEDB。",
    ),
    "program-missing": (
        "The program {program} is not installed (Debian package postgresql-client).",
        "未安装程序 {program}（Debian 软件包 postgresql-client）。",
    ),
    "database-failed": (
        "{program} failed: {why}",
        "{program} 失败：{why}",
    ),
    "odd-name": (
        "A file's name cannot be kept in an archive: {name}",
        "文件名无法写入备份：{name}",
    ),
    "not-as-it-was": (
        "What the archive holds does not fit together: {what}",
        "备份内容不一致：{what}",
    ),
}


class BackupProblem(Exception):
    """Its text is a sentence for whoever runs the command, in both languages."""

    def __init__(self, code: str, **values: object) -> None:
        english, chinese = (sentence.format(**values) for sentence in SENTENCES[code])
        super().__init__(f"{english} {chinese}")
        self.code = code
