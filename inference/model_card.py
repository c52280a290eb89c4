"""Model Facts: what somebody must know before using a model, on one page, in both languages.

The sentences come from a bundle's docs/model_facts.json, names and digests from its metadata, the figures
from its evaluation: so the page cannot say other figures than were measured.

Source: M. P. Sendak, M. Gao, N. Brajer, S. Balu, "Presenting machine learning model information to clinical
end users with model facts labels", npj Digital Medicine 3, 2020.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from inference.bundle import Bundle

FACTS_FILE: Final = "docs/model_facts.json"
EVALUATION_FILE: Final = "docs/evaluation.json"
MOST_FIGURES: Final = 60


@dataclass(frozen=True, slots=True)
class Words:
    """The same in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a card."""

    label: Words
    text: Words


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a card, as the label has it."""

    title: Words
    facts: tuple[Fact, ...]


# The parts of the label, and the lines of each that a bundle writes itself.
SECTIONS: Final[tuple[tuple[Words, tuple[tuple[str, Words], ...]], ...]] = (
    (
        Words("Summary", "概述"),
        (("summary", Words("What it does", "用途")), ("population", Words("For whom", "适用人群"))),
    ),
    (
        Words("Mechanism", "原理"),
        (
            ("input", Words("Input", "输入")),
            ("output", Words("Output", "输出")),
            ("method", Words("Method", "方法")),
            ("training_data", Words("Trained on", "训练数据")),
        ),
    ),
    (
        Words("Uses and directions", "使用说明"),
        (
            ("directions", Words("How to use it", "使用方法")),
            ("benefits", Words("What it is good for", "益处")),
        ),
    ),
    (
        Words("Warnings", "警告"),
        (
            ("do_not_use", Words("Do not use it", "禁用情形")),
            ("fails", Words("Where it fails", "常见错误")),
            ("discontinue", Words("When to stop using it", "停用条件")),
        ),
    ),
)


def model_facts(bundle: Bundle) -> list[Section]:
    """Return the card of a bundle; lines that it does not write are left out."""
    written = _json(bundle.folder / FACTS_FILE)
    sections = [_identity(bundle)]
    for title, lines in SECTIONS:
        facts = tuple(
            Fact(label, Words(str(written[key]["en"]), str(written[key]["zh"])))
            for key, label in lines
            if key in written
        )
        if facts:
            sections.append(Section(title, facts))
    figures = tuple(
        Fact(Words(name, name), Words(value, value))
        for name, value in _leaves(_json(bundle.folder / EVALUATION_FILE))
    )
    if figures:
        sections.insert(3, Section(Words("Validation", "验证结果"), figures[:MOST_FIGURES]))
    return sections


def as_markdown(sections: list[Section], *, language: str = "en") -> str:
    """Return the card as a page of text."""
    lines = []
    for section in sections:
        lines += [f"## {getattr(section.title, language)}", ""]
        lines += [f"- **{getattr(f.label, language)}**: {getattr(f.text, language)}" for f in section.facts]
        lines.append("")
    return "\n".join(lines)


def _identity(bundle: Bundle) -> Section:
    meta = bundle.metadata
    lines = [
        (Words("Model", "模型"), f"{bundle.name} {bundle.version}"),
        (Words("Weights, SHA-256", "权重 SHA-256"), bundle.weights_sha256),
        (Words("Task", "任务"), str(meta.get("task", ""))),
        (Words("Intended use", "预期用途"), str(meta.get("intended_use", ""))),
        (Words("Made by", "开发者"), str(meta.get("authors", ""))),
        (Words("Data", "数据来源"), str(meta.get("data_source", ""))),
        (Words("Licence", "许可"), str(meta.get("copyright", ""))),
    ]
    facts = tuple(Fact(label, Words(text, text)) for label, text in lines if text)
    return Section(Words("Model Facts", "模型说明"), facts)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _leaves(figures: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the figures of an evaluation by their place in it, but for tables of rows."""
    for key, value in figures.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{name}: ")
        elif isinstance(value, list):
            if all(isinstance(one, int | float) for one in value):
                yield name, " – ".join(str(one) for one in value)
        elif isinstance(value, int | float):
            yield name, str(value)
