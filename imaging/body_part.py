"""Which part of the body a series says it shows, from its code and its words in English or Chinese."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydicom import Dataset


class Region(StrEnum):
    """How a part of the body lies to the lungs."""

    CHEST = "chest"
    NEAR = "near"  # may be scanned together with the chest
    FAR = "far"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the body.

    Attributes:
        words: what stands for it in codes and descriptions. English ones of four letters or more
            count at either end of a word too, as in CHESTABDPELVIS and LKNEE.
    """

    name: str
    name_zh: str
    region: Region
    words: tuple[str, ...]


# PS3.16 annex L has the codes; the rest is what scanners and technicians write.
PARTS: Final[tuple[Part, ...]] = (
    Part("chest", "胸部", Region.CHEST, (
        "CHEST", "THORAX", "THORACIC", "LUNG", "PULMON", "THX", "CTPA", "LDCT", "CAP", "MEDIASTINUM",
        "BRONCHUS", "RIB", "RIBS", "胸", "肺", "纵隔", "肋",
    )),
    Part("whole body", "全身", Region.CHEST, ("WHOLEBODY", "WHOLE BODY", "全身")),
    Part("heart", "心脏", Region.NEAR, (
        "HEART", "CARDIAC", "CORONARY", "AORTA", "心脏", "冠脉", "冠状动脉", "主动脉",
    )),
    Part("abdomen", "腹部", Region.NEAR, (
        "ABDOMEN", "ABDOMINAL", "ABD", "LIVER", "KIDNEY", "PANCREAS", "腹", "肝", "肾", "胰",
    )),
    Part("pelvis", "盆腔", Region.NEAR, ("PELVIS", "PELVIC", "盆腔", "骨盆")),
    Part("neck", "颈部", Region.NEAR, ("NECK", "CERVICAL", "CSPINE", "THYROID", "颈", "甲状腺")),
    Part("spine", "脊柱", Region.NEAR, ("SPINE", "LUMBAR", "SPINAL", "脊柱", "椎")),
    Part("shoulder", "肩部", Region.NEAR, ("SHOULDER", "CLAVICLE", "SCAPULA", "肩", "锁骨")),
    Part("head", "头部", Region.FAR, (
        "HEAD", "BRAIN", "SKULL", "ORBIT", "SINUS", "JAW", "MAXILLA", "MANDIBLE",
        "头", "颅", "脑", "眼眶", "鼻窦", "颌",
    )),
    Part("knee", "膝关节", Region.FAR, ("KNEE", "PATELLA", "膝", "髌")),
    Part("hip", "髋关节", Region.FAR, ("HIP", "HIPS", "髋")),
    Part("leg", "下肢", Region.FAR, (
        "LEG", "LEGS", "THIGH", "FEMUR", "TIBIA", "FIBULA", "CALF", "下肢", "股骨", "胫骨", "小腿", "大腿",
    )),
    Part("foot or ankle", "足踝", Region.FAR, (
        "FOOT", "FEET", "ANKLE", "TOE", "HEEL", "CALCANEUS", "足部", "左足", "右足", "双足", "踝", "跟骨",
    )),
    Part("arm", "上肢", Region.FAR, ("ARM", "ELBOW", "HUMERUS", "FOREARM", "肘", "肱骨", "上肢", "前臂")),
    Part("hand or wrist", "手腕", Region.FAR, ("HAND", "WRIST", "FINGER", "THUMB", "手部", "手指", "腕")),
    Part("extremity", "四肢", Region.FAR, ("EXTREMITY", "EXTREMITIES", "四肢")),
)

DESCRIPTIONS: Final = (
    "SeriesDescription", "ProtocolName", "StudyDescription", "RequestedProcedureDescription",
)
# "Head first", "arms up" and the like tell how the patient lay, not what was scanned.
_POSITIONS: Final = re.compile(
    r"(?:HEAD|FEET|FOOT)[ _-]*FIRST|\bARMS?[ _-]*(?:UP|DOWN)\b|[头足]先进"
)


@dataclass(frozen=True, slots=True)
class BodyPart:
    """What the header says.

    Attributes:
        stated: the parts that Body Part Examined names; empty where it is absent or says nothing known.
        described: the parts that the descriptions name.
    """

    stated: tuple[Part, ...]
    described: tuple[Part, ...]

    @classmethod
    def from_header(cls, header: Dataset) -> "BodyPart":
        """Return what the header says about the part of the body."""
        codes = [item.get("CodeMeaning") for item in header.get("AnatomicRegionSequence") or []]
        return cls(
            stated=parts_in([header.get("BodyPartExamined"), *codes]),
            described=parts_in([header.get(keyword) for keyword in DESCRIPTIONS]),
        )


def parts_in(texts: Sequence[object]) -> tuple[Part, ...]:
    """Return the parts that the texts name, in the order of PARTS."""
    text = " ; ".join(str(text) for text in texts if text).upper()
    text = _POSITIONS.sub(" ", text)
    words = set(re.findall(r"[A-Z]+", text))
    return tuple(part for part in PARTS if any(_names(word, text, words) for word in part.words))


def _names(sought: str, text: str, words: set[str]) -> bool:
    if not sought.isascii() or not sought.isalpha():
        return sought in text
    if len(sought) < 4:
        return sought in words
    return any(word.startswith(sought) or word.endswith(sought) for word in words)
