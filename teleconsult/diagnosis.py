"""The sentences of the doctor and the supervisor, in both languages. Standard library only."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Language = Literal["en", "zh"]


class Severity(StrEnum):
    FINE = "fine"
    NOTICE = "notice"  # works, but somebody should know
    STOPS = "stops"  # nothing can start like this


SENTENCES: Mapping[str, tuple[str, str]] = {
    # What a start needs
    "python-fine": ("Python {version} is there.", "Python {version} 已就绪。"),
    "python-old": (
        "Python {version} is too old: 3.11 or newer is needed.",
        "Python {version} 版本过低：需要 3.11 或更新版本。",
    ),
    "node-fine": ("Node.js {version} is there.", "Node.js {version} 已就绪。"),
    "node-missing": (
        "Node.js is not installed. It builds the front end: version 20.19 or newer, with npm, is needed.",
        "未安装 Node.js。构建前端需要 20.19 或更新版本及 npm。",
    ),
    "node-old": (
        "Node.js {version} is too old to build the front end: 20.19 or newer is needed.",
        "Node.js {version} 版本过低，无法构建前端：需要 20.19 或更新版本。",
    ),
    "node-not-needed": (
        "Node.js is missing or too old; the front end is built, so it is needed only to build it again.",
        "Node.js 缺失或版本过低，但前端已构建完成：仅在重新构建时才需要。",
    ),
    "program-missing": (
        "The program {program} (Debian package {package}) is not installed. Run 'make setup'.",
        "未安装程序 {program}（Debian 软件包 {package}）。请运行 make setup。",
    ),
    "program-fine": ("{program} is installed.", "{program} 已安装。"),
    "apt-missing": (
        "This machine has no apt to install {program} with. Use containers instead: docker compose up",
        "本机没有 apt，无法安装 {program}。请改用容器方式：docker compose up",
    ),
    "packages-missing": (
        "Python packages are missing from .venv ({packages}). Run 'make setup'.",
        ".venv 中缺少 Python 软件包（{packages}）。请运行 make setup。",
    ),
    "packages-fine": ("The Python packages are installed.", "Python 软件包已安装。"),
    "font-missing": (
        "No Chinese font for reports was found (Debian package fonts-droid-fallback). Run 'make setup'.",
        "未找到报告所需的中文字体（Debian 软件包 fonts-droid-fallback）。请运行 make setup。",
    ),
    "front-end-missing": (
        "The front end is not built: browsers would get an empty page. Run 'make setup'.",
        "前端尚未构建：浏览器将无法显示页面。请运行 make setup。",
    ),
    "front-end-fine": ("The front end is built.", "前端已构建。"),
    "models-missing": (
        "No model is in {folder}: studies will not be read by AI.",
        "{folder} 中没有模型：检查将不会经过 AI 分析。",
    ),
    "relays-unclear": (
        "TELECONSULT_RELAYS: '{asked}' is not understood. It takes a number from 1 to {most}; where "
        "TELECONSULT_SIGNALING_URL is set, as many as that names.",
        "TELECONSULT_RELAYS：无法识别“{asked}”。请填写 1 至 {most} 的数字；"
        "如已设置 TELECONSULT_SIGNALING_URL，则须与其中的地址数量一致。",
    ),
    "telemetry-unclear": (
        "Metrics or logs cannot be set up: {reason}. See docs/operations.md.",
        "监控指标或日志设置有误：{reason}。参见 docs/operations.md。",
    ),
    "workers-unclear": (
        "TELECONSULT_WORKERS: '{entry}' is not understood. It takes a model and how many processes read with "
        "it, 1 to 64, such as lung_nodule_ct:2. The models are: {names}.",
        "TELECONSULT_WORKERS：无法识别“{entry}”。请写明模型及其工作进程数（1 至 64），例如 lung_nodule_ct:2。"
        "可用模型：{names}。",
    ),
    "models-fine": ("Models: {names}.", "模型：{names}。"),
    # The data folder
    "data-not-a-folder": (
        "{folder} is not a folder. Choose another: make up DATA=folder",
        "{folder} 不是文件夹。请另选：make up DATA=文件夹",
    ),
    "data-not-writable": (
        "The data folder {folder} may not be written by this user.",
        "当前用户无权写入数据文件夹 {folder}。",
    ),
    "data-fine": ("The data folder is {folder}.", "数据文件夹为 {folder}。"),
    "disk-full": (
        "The disk of {folder} is full: {free_gb} GB are free, at least {needed_gb} GB are needed.",
        "{folder} 所在磁盘空间不足：剩余 {free_gb} GB，至少需要 {needed_gb} GB。",
    ),
    "disk-nearly-full": (
        "The disk of {folder} is nearly full: {free_gb} GB are free.",
        "{folder} 所在磁盘即将用尽：剩余 {free_gb} GB。",
    ),
    "disk-fine": ("{free_gb} GB of disk are free.", "磁盘剩余 {free_gb} GB。"),
    "secret-open": (
        "The secret {path} can be read by other users of this machine. Run: chmod 600 {path}",
        "密钥文件 {path} 可被本机其他用户读取。请运行：chmod 600 {path}",
    ),
    "leftover-lock": (
        "The last run on this data folder did not end in an orderly way (process {pid}). That does no harm: "
        "nothing of it is left, and the next start goes on from what was kept.",
        "该数据文件夹的上一次运行未正常结束（进程 {pid}）。无需处理："
        "没有残留进程，下次启动会继续使用已保存的数据。",
    ),
    "already-running": (
        "Teleconsult is already running on the data folder {folder} (process {pid}, port {port}). "
        "Stop it with Ctrl-C in its window, or run a second one beside it: make up DATA=other PORT=n",
        "数据文件夹 {folder} 上已有 Teleconsult 在运行（进程 {pid}，端口 {port}）。"
        "请在其窗口按 Ctrl-C 停止，或另行启动：make up DATA=其他文件夹 PORT=端口",
    ),
    "packet-core-c": ("The relay's hot path is compiled.", "媒体中继的核心已编译。"),
    "packet-core-python": (
        "The relay forwards in Python: calls work, and take several times as much of the processor. "
        "To compile it: install gcc and python3-dev, then `make setup`.",
        "媒体中继以 Python 运行：通话可用，但占用数倍的处理器。"
        "若要编译：请安装 gcc 和 python3-dev，再运行 make setup。",
    ),
    "media-engine-unclear": ("The relay cannot start: {reason}", "媒体中继无法启动：{reason}"),
    "janus-fine": (
        "Sound and pictures go through Janus; it answers at {url}.",
        "音视频由 Janus 转发；{url} 应答正常。",
    ),
    "janus-silent": (
        "Sound and pictures are to go through Janus at {url}, which cannot be used: {reason}. "
        "Until it can, people in a room see the images but do not hear each other.",
        "音视频应由 {url} 的 Janus 转发，但目前无法使用：{reason}。"
        "在此之前，参与者可以查看影像，但无法听到对方。",
    ),
    "turn-unclear": (
        "TELECONSULT_TURN_URLS asks for a TURN server that cannot start: {reason}. See docs/media-relay.md.",
        "TELECONSULT_TURN_URLS 所要求的 TURN 服务器无法启动：{reason}。参见 docs/media-relay.md。",
    ),
    # Ports
    "port-taken": (
        "Port {port} is taken by {program} (process {pid}). Choose another: make up PORT=n",
        "端口 {port} 已被 {program}（进程 {pid}）占用。请另选端口：make up PORT=端口",
    ),
    "port-taken-by-someone": (
        "Port {port} is taken by a program of another user. Choose another: make up PORT=n",
        "端口 {port} 已被其他用户的程序占用。请另选端口：make up PORT=端口",
    ),
    "port-refused": (
        "Port {port} may not be used on the address {host}.",
        "地址 {host} 上的端口 {port} 无法使用。",
    ),
    "ports-fine": ("Ports {ports} are free.", "端口 {ports} 可用。"),
    "dicom-port-taken": (
        "Port {port}, to which scanners send, is taken: everything else runs, and scanners cannot send. "
        "Choose another: TELECONSULT_DICOM_PORT=n make up",
        "供设备发送影像的端口 {port} 已被占用：其他功能正常，但设备无法发送影像。"
        "请另选端口：TELECONSULT_DICOM_PORT=端口 make up",
    ),
    # What runs
    "running": (
        "Teleconsult is running: process {pid}, http://{host}:{port}/",
        "Teleconsult 正在运行：进程 {pid}，http://{host}:{port}/",
    ),
    "not-running": ("Teleconsult is not running.", "Teleconsult 未在运行。"),
    "part-answers": ("{part} answers.", "{part} 运行正常。"),
    "part-silent": (
        "{part} does not answer. Its log: {log}",
        "{part} 没有响应。日志：{log}",
    ),
    "gdcm-loaded": (
        "The archive has loaded the plugin orthanc-gdcm, which makes it crash on some images. "
        "Remove it: apt-get remove orthanc-gdcm",
        "影像归档加载了 orthanc-gdcm 插件，处理某些影像时会崩溃。请卸载：apt-get remove orthanc-gdcm",
    ),
    "all-fine": ("Nothing is in the way.", "一切正常。"),
    "not-fine": ("What is marked ✗ keeps it from running: {count}.", "标有 ✗ 的问题会妨碍运行：{count} 项。"),
    # The supervisor's own
    "start-failed": (
        "{part} did not start ({how}). The end of its log, {log}:",
        "{part} 未能启动（{how}）。日志 {log} 的末尾：",
    ),
    "not-ready-in-time": ("no answer within {seconds} s", "{seconds} 秒内没有响应"),
    "part-ready": ("{part} is ready ({seconds} s)", "{part} 已就绪（{seconds} 秒）"),
    "part-later": (
        "{part} is not ready yet; it is tried again. Its log: {log}",
        "{part} 尚未就绪，将继续重试。日志：{log}",
    ),
    "part-hangs": ("{part} runs but answers no more; ending it", "{part} 仍在运行但已无响应；正在将其终止"),
    "part-restarts": (
        "{part} ended ({how}); starting it again in {seconds} s",
        "{part} 已退出（{how}）；{seconds} 秒后重新启动",
    ),
    "stopping": ("Stopping", "正在停止"),
    "stopped": ("Stopped. All data is kept in {folder}.", "已停止。所有数据保存在 {folder}。"),
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at, and what was found."""

    severity: Severity
    code: str
    values: Mapping[str, object]

    def sentence(self, language: Language) -> str:
        return sentence(self.code, language, **self.values)


def fine(code: str, **values: object) -> Diagnosis:
    return Diagnosis(Severity.FINE, code, values)


def notice(code: str, **values: object) -> Diagnosis:
    return Diagnosis(Severity.NOTICE, code, values)


def stops(code: str, **values: object) -> Diagnosis:
    return Diagnosis(Severity.STOPS, code, values)


def sentence(code: str, language: Language, **values: object) -> str:
    english, chinese = SENTENCES[code]
    return (chinese if language == "zh" else english).format(**values)


def terminal_language(environment: Mapping[str, str] = os.environ) -> Language:
    """The language of the terminal, by POSIX precedence of the locale variables."""
    named = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
    return "zh" if named.startswith("zh") else "en"
