"""The report as PDF: labels in both languages, text as the specialist wrote it, fonts embedded."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

CHINESE_FONTS = (
    Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"),
    Path("/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf"),
)
_NOT_LATIN = re.compile(r"[^\u0000-\u024f\u2010-\u2026\u2190-\u21ff]+")
INK = colors.HexColor("#1c2b36")
QUIET = colors.HexColor("#5b6b77")
RULE = colors.HexColor("#c9d3da")


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One accepted finding as the report shows it."""

    kind: str
    place: str
    diameter_mm: float | None
    probability: float
    model: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class ReportContents:
    consult_id: str
    version: int
    status: str
    patient: Sequence[tuple[str, str]]
    consult: Sequence[tuple[str, str]]
    question: str
    findings: Sequence[FindingLine]
    rejected_count: int
    findings_text: str
    conclusion: str
    recommendation: str
    signer: str
    signed_at: datetime | None  # None: a draft


KINDS = {
    "nodule": "结节 nodule",
    "mass": "肿块 mass",
    "calcification-cluster": "钙化簇 calcification cluster",
}
STATUSES = {"final": "正式报告 Final", "amended": "修订报告 Amended", "preliminary": "草稿 Preliminary"}


def render_report(contents: ReportContents) -> bytes:
    """Return the PDF file."""
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        topMargin=18 * mm,
        bottomMargin=22 * mm,
        title="Remote consultation report",
        author=contents.signer,
        subject=contents.consult_id,
    )

    def foot(canvas: Canvas, _document: object) -> None:
        canvas.saveState()
        if contents.signed_at is None:
            _stamp_draft(canvas)
        paragraph = Paragraph(
            _mixed(
                f"会诊编号 Consult {contents.consult_id} · 版本 version {contents.version} · "
                f"第 {canvas.getPageNumber()} 页 page {canvas.getPageNumber()} · "
                "AI 结果仅为提示，均经医师逐一确认。AI results are aids; a clinician decided on each. "
                "本系统不是医疗器械 Not a medical device."
            ),
            _style("foot"),
        )
        paragraph.wrapOn(canvas, 170 * mm, 15 * mm)
        paragraph.drawOn(canvas, 20 * mm, 9 * mm)
        canvas.restoreState()

    document.build(_story(contents), onFirstPage=foot, onLaterPages=foot)
    return buffer.getvalue()


def _story(contents: ReportContents) -> list[object]:
    story: list[object] = [
        Paragraph(_mixed("远程会诊报告"), _style("title")),
        Paragraph(_mixed(f"Remote consultation report · {STATUSES[contents.status]}"), _style("subtitle")),
        _facts([*contents.patient, *contents.consult]),
        *_section("会诊问题 Question", contents.question),
        Paragraph(_mixed("影像所见 Findings"), _style("heading")),
    ]
    if contents.findings:
        story.append(_findings_table(contents.findings))
    else:
        story.append(Paragraph(_mixed("没有被接受的 AI 发现。No AI finding was accepted."), _style("quiet")))
    if contents.rejected_count:
        said = (
            f"另有 {contents.rejected_count} 个 AI 提示经医师排除。"
            f"{contents.rejected_count} further AI flag(s) were rejected by a clinician."
        )
        story.append(Paragraph(_mixed(said), _style("quiet")))
    if contents.findings_text.strip():
        story += [Spacer(1, 2 * mm), *_paragraphs(contents.findings_text)]
    story += _section("结论 Conclusion", contents.conclusion)
    if contents.recommendation.strip():
        story += _section("建议 Recommendation", contents.recommendation)
    story.append(KeepTogether([Spacer(1, 10 * mm), *_signature(contents)]))
    return story


def _signature(contents: ReportContents) -> list[Paragraph]:
    if contents.signed_at is None:
        return [Paragraph(_mixed("草稿，尚未签发 Draft, not signed"), _style("signature"))]
    signed_at = contents.signed_at.strftime("%Y-%m-%d %H:%M UTC")
    return [
        Paragraph(_mixed(f"签发医师 Signed by {contents.signer}"), _style("signature")),
        Paragraph(_mixed(f"签发时间 Signed at {signed_at}"), _style("signature")),
    ]


def _stamp_draft(canvas: Canvas) -> None:
    canvas.saveState()
    canvas.setFillColor(colors.HexColor("#e6ecf0"))
    canvas.translate(A4[0] / 2, A4[1] / 2)
    canvas.rotate(40)
    canvas.setFont(_fonts()[1], 90)
    canvas.drawCentredString(0, 0, "草稿")
    canvas.setFont(_fonts()[0], 40)
    canvas.drawCentredString(0, -55, "DRAFT")
    canvas.restoreState()


def _facts(rows: Sequence[tuple[str, str]]) -> Table:
    cells = [(Paragraph(_mixed(k), _style("label")), Paragraph(_mixed(v), _style("body"))) for k, v in rows]
    half = (len(cells) + 1) // 2
    left, right = cells[:half], cells[half:]
    right += [("", "")] * (len(left) - len(right))
    table = Table(
        [[*a, *b] for a, b in zip(left, right, strict=True)],
        colWidths=[28 * mm, 54.5 * mm, 28 * mm, 54.5 * mm],
    )
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEABOVE", (0, 0), (-1, 0), 0.8, INK),
                ("LINEBELOW", (0, -1), (-1, -1), 0.8, INK),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return table


def _findings_table(findings: Sequence[FindingLine]) -> Table:
    head = [
        "类型 Kind",
        "位置 Place",
        "径线 Diameter",
        "概率 AI",
        "模型 Model",
        "确认 By",
    ]
    rows = [
        [
            KINDS.get(f.kind, f.kind),
            f.place,
            f"{f.diameter_mm:.1f} mm" if f.diameter_mm is not None else "—",
            f"{f.probability:.2f}",
            f.model,
            f.decided_by,
        ]
        for f in findings
    ]
    cells = [[Paragraph(_mixed(text), _style("label")) for text in head]]
    cells += [[Paragraph(_mixed(text), _style("cell")) for text in row] for row in rows]
    table = Table(cells, colWidths=[27 * mm, 38 * mm, 23 * mm, 18 * mm, 33 * mm, 26 * mm], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return table


def _section(heading: str, text: str) -> list[object]:
    return [Paragraph(_mixed(heading), _style("heading")), *_paragraphs(text)]


def _paragraphs(text: str) -> list[object]:
    return [Paragraph(_mixed(line) or "&nbsp;", _style("body")) for line in text.strip().splitlines()]


def _mixed(text: str) -> str:
    """Escaped markup in which every run that the Latin font lacks is set in the Chinese one."""
    printable = "".join(char for char in text if char >= " " or char == "\t")
    parts, last = [], 0
    for run in _NOT_LATIN.finditer(printable):
        parts.append(escape(printable[last : run.start()]))
        parts.append(f'<font name="{_fonts()[1]}">{escape(run.group())}</font>')
        last = run.end()
    return "".join([*parts, escape(printable[last:])])


@cache
def _fonts() -> tuple[str, str]:
    """Register and name the Latin and the Chinese font."""
    vera = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
    pdfmetrics.registerFont(TTFont("Latin", str(vera)))
    for path in CHINESE_FONTS:
        if path.is_file():
            pdfmetrics.registerFont(TTFont("Chinese", str(path)))
            return "Latin", "Chinese"
    # Not embedded: the reader's viewer brings the glyphs. `make up` installs a font to embed.
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    return "Latin", "STSong-Light"


@cache
def _style(name: str) -> ParagraphStyle:
    latin, _ = _fonts()
    base = {"fontName": latin, "textColor": INK, "wordWrap": "CJK"}
    sizes: dict[str, dict[str, object]] = {
        "title": {"fontSize": 18, "leading": 24},
        "subtitle": {"fontSize": 9.5, "leading": 14, "textColor": QUIET, "spaceAfter": 5 * mm},
        "heading": {"fontSize": 10.5, "leading": 15, "spaceBefore": 5 * mm, "spaceAfter": 1.5 * mm},
        "body": {"fontSize": 9.5, "leading": 14.5},
        "cell": {"fontSize": 8, "leading": 11},
        "label": {"fontSize": 7.5, "leading": 12, "textColor": QUIET},
        "quiet": {"fontSize": 8.5, "leading": 13, "textColor": QUIET, "spaceBefore": 1.5 * mm},
        "signature": {"fontSize": 9.5, "leading": 15, "alignment": TA_RIGHT},
        "foot": {"fontSize": 6.5, "leading": 9, "textColor": QUIET},
    }
    return ParagraphStyle(name, **(base | sizes[name]))
