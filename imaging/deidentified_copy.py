"""A copy of several files without identity, and the report on it: pixels looked at, headers rewritten.

Used by the export of a study and by the command line; who sees what, and where the files go, is theirs.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from imaging import deidentification_profile as profile
from imaging.burned_in_text import Look, Thorough, without_text
from imaging.deidentification_profile import Action, Options
from imaging.deidentify import Case, Deidentified, deidentify, own_text, report_rows
from imaging.dicom_elements import Bytes
from imaging.errors import DicomError
from imaging.reasons import Reason

SERIES: Final = 0x0020000E
TextInPixels = Literal["black-out", "refuse", "ignore"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is not in the copy. `place` is its number in the order of the files: names may tell."""

    place: int
    reason: Reason


@dataclass(slots=True)
class DeidentifiedCopy:
    """One copy while it is made, file after file, and what there is to report about it.

    Attributes:
        text_in_pixels: what is done about text in the picture; `ignore` is for images known to have none.
    """

    case: Case
    options: Options = field(default_factory=Options)
    text_in_pixels: TextInPixels = "black-out"
    files: int = 0
    images_read: int = 0
    images_blackened: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    changes: Counter[tuple[int, Action]] = field(default_factory=Counter)
    _series: dict[str, Thorough] = field(default_factory=dict)

    def add(self, content: Bytes) -> Deidentified | None:
        """Return the next file without identity; None where it was left out, which the report then says."""
        self.files += 1
        try:
            self.case.learn(content)
            result = self._one(content)
        except DicomError as error:
            self.left_out.append(LeftOut(self.files, error.reason))
            return None
        self.changes.update(result.changes)
        return result

    def leave_out(self, why: Reason) -> None:
        """Note the next file as one that is not in the copy."""
        self.files += 1
        self.left_out.append(LeftOut(self.files, why))

    def _one(self, content: Bytes) -> Deidentified:
        if self.text_in_pixels == "ignore":
            return deidentify(content, self.case, self.options)
        # The first image of each series is read whatever it is; where it has text, so are all others.
        series = own_text(content, SERIES)
        thorough = self._series.get(series, Thorough.FIRST)
        cleaned = without_text(
            content, black_out=self.text_in_pixels == "black-out", closely=thorough is not Thorough.AS_KIND
        )
        if cleaned.look is not Look.NOT and thorough is Thorough.FIRST:
            self._series[series] = Thorough.ALL if cleaned.boxes else Thorough.AS_KIND
        self.images_read += cleaned.looked > 0
        self.images_blackened += cleaned.boxes > 0
        return deidentify(
            cleaned.content, self.case, self.options, pixels_cleaned=cleaned.look is not Look.NOT
        )

    def report(self) -> dict[str, Any]:
        """What was done, never a value: counts by attribute and action, and what was left out and why."""
        codes = profile.method_codes(self.options, pixels_cleaned=self.text_in_pixels != "ignore")
        return {
            "method": profile.METHOD,
            "options": [{"code": code, "meaning": profile.CODES[code]} for code in codes],
            "files": self.files,
            "files_copied": self.files - len(self.left_out),
            "images_read_for_text": self.images_read,
            "images_blacked_out": self.images_blackened,
            "left_out": [{"file": one.place, **one.reason.to_json()} for one in self.left_out],
            "changes": report_rows(self.changes),
        }


def report_files(report: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of the report for programs and for people."""
    yield "report.json", json.dumps(report, ensure_ascii=False, indent=2).encode()
    yield "report.txt", "\n".join(_lines(report)).encode() + b"\n"


_ACTIONS: Final = {
    "removed": "removed 删除",
    "emptied": "emptied 清空",
    "replaced": "replaced 替换",
    "cleaned": "cleaned 清除其中的身份信息",
}


def _lines(report: dict[str, Any]) -> Sequence[str]:
    counts = (
        ("Files read 读取文件", report["files"]),
        ("Files in this copy 导出文件", report["files_copied"]),
        ("Images searched for text 检查图像文字", report["images_read_for_text"]),
        ("Images with text blacked out 遮盖文字的图像", report["images_blacked_out"]),
    )
    return [
        "De-identified copy 去标识副本",
        report["method"],
        "",
        *(f"{what}: {count}" for what, count in counts),
        "",
        "A face may be recognised in a reconstruction of head images. 头部影像三维重建后可能辨认出面容。",
        "",
        *(f"Left out 未导出 #{one['file']}: {one['en']} {one['zh']}" for one in report["left_out"]),
        *(
            f"({row['tag'][:4]},{row['tag'][4:]}) {row['keyword']}: "
            f"{_ACTIONS[str(row['action'])]} x {row['count']}"
            for row in report["changes"]
        ),
    ]
