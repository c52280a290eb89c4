"""The report as PDF: labels in both languages, text as the specialist wrote it, fonts embedded."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from itertools import groupby, zip_longest
from pathlib import Path
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from imaging.edge_letters import EdgeLetters
from teleconsult.findings import numbering
from teleconsult.reports.difference import ChangeKind, Run
from teleconsult.reports.figures import AWAY
from teleconsult.reports.illustrations import Illustration
from teleconsult.reports.structured import Entry
from teleconsult.reports.template import Words

# Asked in this order for every character; `make up` installs them. Together they hold Latin, Greek, Cyrillic,
# mathematical signs, arrows, Roman and circled numerals, and the Chinese of GB 18030's first plane.
FONTS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"),
    Path("/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf"),
)
INK = colors.HexColor("#1c2b36")
QUIET = colors.HexColor("#5b6b77")
RULE = colors.HexColor("#c9d3da")
_RULED = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ]
)
_FIGURES = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4.5 * mm),
        ("TOPPADDING", (0, 0), (-1, -1), 0),
        ("BOTTOMPADDING", (0, -1), (-1, -1), 4 * mm),
    ]
)

_FACTS = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEABOVE", (0, 0), (-1, 0), 0.8, INK),
        ("LINEBELOW", (0, -1), (-1, -1), 0.8, INK),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
)


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One accepted finding as the report shows it."""

    number: str
    kind: str
    place: str
    diameter_mm: float | None
    probability: float
    model: str
    decided_by: str
    by_model_mm: float | None = None  # what the model measured, where a reader drew another box
    is_edited: bool = False


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
    template: str | None = None
    entries: Sequence[Entry] = ()
    amendment_reason: str | None = None
    has_time_stamp: bool = False
    opening: Sequence[tuple[str, str]] = ()  # headings and texts before the report's own
    appendices: Sequence[tuple[str, str]] = ()  # headings and texts after the report's own
    figures: Sequence[Illustration] = ()
    changes: Sequence[tuple[str, Sequence[Run]]] = ()  # against the version signed before, by section


KINDS = {str(kind): f"{words.zh} {words.en}" for kind, words in numbering.KINDS.items()}
STATUSES = {"final": "正式报告 Final", "amended": "修订报告 Amended", "preliminary": "草稿 Preliminary"}

SECTION_NAMES = {
    "accepted": "已接受的 AI 发现 Accepted AI findings",
    "structured": "结构化内容 Structured fields",
    "findings_text": "影像所见 Findings",
    "key_images": "关键图像 Key images",
    "conclusion": "结论 Conclusion",
    "recommendation": "建议 Recommendation",
}
CONTEXT = 24  # characters of unchanged text that are shown on either side of a change
STAMPED = "时间由时间戳机构证明 (RFC 3161)。A time-stamp authority confirms the time (RFC 3161)."
CLAIMED = (
    "时间取自本系统时钟，未经时间戳机构证明。"
    "The time is by this installation's clock; no time-stamp authority confirms it."
)


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
        lang="zh",
        initialFontName=next(iter(_fonts())),  # else each page names Helvetica, which is not in the file
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
        *_amendment(contents),
        *_section("会诊问题 Question", contents.question),
        *(part for heading, text in contents.opening for part in _section(heading, text)),
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
    story += _entries(contents)
    if contents.findings_text.strip():
        story += [Spacer(1, 2 * mm), *_paragraphs(contents.findings_text)]
    story += _section("结论 Conclusion", contents.conclusion)
    story += _section("建议 Recommendation", contents.recommendation)
    for heading, text in contents.appendices:
        story += _section(heading, text)
    story += _figures(contents.figures)
    story.append(KeepTogether([Spacer(1, 10 * mm), *_signature(contents)]))
    return story


def _figures(illustrations: Sequence[Illustration]) -> list[object]:
    """Two beside each other, each with its caption; the heading never stands alone."""
    rows: list[object] = []
    for pair in zip_longest(illustrations[::2], illustrations[1::2]):
        cells = [[one and make(one) for one in pair] for make in (_Picture, _caption)]
        rows.append(_table(cells, _FIGURES, [82.5 * mm, 82.5 * mm]))
    if not rows:
        return []
    heading = Paragraph(_mixed(SECTION_NAMES["key_images"]), _style("heading"))
    return [KeepTogether([heading, rows[0]]), *(KeepTogether(row) for row in rows[1:])]


def _caption(illustration: Illustration) -> list[Paragraph]:
    one = illustration.figure
    name = f"图 {one.number} Figure {one.number}"
    laid = one.laid.both if one.laid else ""
    made_at = one.made_at.strftime("%Y-%m-%d %H:%M UTC")
    return [
        Paragraph(_mixed(" · ".join(filter(None, (name, one.view)))), _style("figure")),
        *(Paragraph(_mixed(line), _style("note")) for line in one.note.splitlines()),
        Paragraph(_mixed(one.image_in_both), _style("label")),
        Paragraph(_mixed(" · ".join(filter(None, (one.shades, laid)))), _style("label")),
        Paragraph(_mixed(f"标记 Marked by {one.made_by}, {made_at}"), _style("label")),
    ]


class _Picture(Flowable):  # type: ignore[misc]  # reportlab is untyped
    """A picture in a square, the letters of the patient's sides around it; or why there is none."""

    SIDE = 78 * mm
    EDGE = 4.5 * mm  # for the letters

    def __init__(self, illustration: Illustration) -> None:
        super().__init__()
        self.illustration = illustration

    def wrap(self, *_available: float) -> tuple[float, float]:
        missing = self.illustration.figure.missing
        return self.SIDE, self.SIDE if missing is None else self._sentence(missing)[1] + 8 * mm

    def draw(self) -> None:
        figure, jpeg = self.illustration.figure, self.illustration.jpeg
        if figure.missing is not None or jpeg is None:
            self._draw_sentence(figure.missing or AWAY)
            return
        picture = ImageReader(BytesIO(jpeg))
        columns, rows = picture.getSize()
        scale = (self.SIDE - 2 * self.EDGE) / max(columns, rows)
        width, height = columns * scale, rows * scale
        left, bottom = (self.SIDE - width) / 2, self.SIDE - self.EDGE - height
        self.canv.drawImage(picture, left, bottom, width, height)
        if self.illustration.edges is not None:
            self._draw_letters(self.illustration.edges, left, bottom, width, height)

    def _draw_letters(
        self, edges: EdgeLetters, left: float, bottom: float, width: float, height: float
    ) -> None:
        self.canv.setFillColor(QUIET)
        self.canv.setFont(next(iter(_fonts())), 7.5)
        middle, level = left + width / 2, bottom + height / 2 - 2.5
        self.canv.drawCentredString(middle, bottom + height + 1.3 * mm, edges.top)
        self.canv.drawCentredString(middle, bottom - 3.2 * mm, edges.bottom)
        self.canv.drawRightString(left - 1.3 * mm, level, edges.left)
        self.canv.drawString(left + width + 1.3 * mm, level, edges.right)

    def _sentence(self, why: Words) -> tuple[Paragraph, float]:
        paragraph = Paragraph(_mixed(f"图像未显示：{why.zh}。Picture not shown: {why.en}."), _style("quiet"))
        return paragraph, paragraph.wrap(self.SIDE - 6 * mm, self.SIDE)[1]

    def _draw_sentence(self, why: Words) -> None:
        paragraph, height = self._sentence(why)
        self.canv.setStrokeColor(RULE)
        self.canv.rect(0, 0, self.SIDE, height + 8 * mm)
        paragraph.drawOn(self.canv, 3 * mm, 4 * mm)


def _signature(contents: ReportContents) -> list[Paragraph]:
    if contents.signed_at is None:
        return [Paragraph(_mixed("草稿，尚未签发 Draft, not signed"), _style("signature"))]
    signed_at = contents.signed_at.strftime("%Y-%m-%d %H:%M UTC")
    return [
        Paragraph(_mixed(f"签发医师 Signed by {contents.signer}"), _style("signature")),
        Paragraph(_mixed(f"签发时间 Signed at {signed_at}"), _style("signature")),
        Paragraph(_mixed(STAMPED if contents.has_time_stamp else CLAIMED), _style("claim")),
    ]


def _stamp_draft(canvas: Canvas) -> None:
    canvas.saveState()
    canvas.setFillColor(colors.HexColor("#e6ecf0"))
    canvas.translate(A4[0] / 2, A4[1] / 2)
    canvas.rotate(40)
    for text, size, y in (("草稿", 90, 0), ("DRAFT", 40, -55)):
        font = _font_of(text[0])
        if font is not None:
            canvas.setFont(font, size)
            canvas.drawCentredString(0, y, text)
    canvas.restoreState()


def _table(
    rows: Sequence[Sequence[object]], style: TableStyle, widths: Sequence[float], **more: int
) -> Table:
    table = Table(rows, colWidths=widths, **more)
    table.setStyle(style)
    # Of an empty cell too: the library's own font would be named in the file and not be in it.
    table.setStyle([("FONTNAME", (0, 0), (-1, -1), next(iter(_fonts())))])
    return table


def _facts(rows: Sequence[tuple[str, str]]) -> Table:
    cells = [(Paragraph(_mixed(k), _style("label")), Paragraph(_mixed(v), _style("body"))) for k, v in rows]
    half = (len(cells) + 1) // 2
    left, right = cells[:half], cells[half:]
    right += [("", "")] * (len(left) - len(right))
    beside = [(*a, *b) for a, b in zip(left, right, strict=True)]
    return _table(beside, _FACTS, [28 * mm, 54.5 * mm, 28 * mm, 54.5 * mm])


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
            f"{f.number}. {KINDS.get(f.kind, f.kind)}",
            f.place,
            _diameter(f),
            f"{f.probability:.2f}",
            f.model,
            f"{f.decided_by} (重新测量 re-measured)" if f.is_edited else f.decided_by,
        ]
        for f in findings
    ]
    cells = [[Paragraph(_mixed(text), _style("label")) for text in head]]
    cells += [[Paragraph(_mixed(text), _style("cell")) for text in row] for row in rows]
    widths = [27 * mm, 38 * mm, 23 * mm, 18 * mm, 33 * mm, 26 * mm]
    return _table(cells, _RULED, widths, repeatRows=1)


def _entries(contents: ReportContents) -> list[object]:
    """A table for each section of the template, with what came from which finding."""
    story: list[object] = []
    if contents.template and contents.entries:
        story.append(Paragraph(_mixed(f"模板 Template: {contents.template}"), _style("quiet")))
    for title, of_section in groupby(contents.entries, lambda entry: entry.section.both):
        story.append(Paragraph(_mixed(title), _style("heading")))
        rows = []
        for row, of_row in groupby(of_section, lambda entry: entry.row):
            if row is not None:
                rows.append([Paragraph(_mixed(row.both), _style("label")), "", ""])
            rows += [
                [
                    Paragraph(_mixed(entry.label.both), _style("cell")),
                    Paragraph("<br/>".join(map(_mixed, entry.text.both.splitlines())), _style("cell")),
                    Paragraph(_mixed(_origin(entry)), _style("label")),
                ]
                for entry in of_row
            ]
        # A long text may run over the page's end.
        story.append(_table(rows, _RULED, [50 * mm, 60 * mm, 55 * mm], splitInRow=1))
    return story


def _origin(entry: Entry) -> str:
    origin = entry.origin
    if origin is None:
        return ""
    number = f"发现 {origin.finding_number} finding {origin.finding_number}"
    if entry.edited:
        return f"医师修改，原自{number} · edited by the signer"
    rule = f" · {origin.rule.both}" if origin.rule else ""
    if origin.is_edited:
        return f"{number}, 医师重新测量 re-measured by a reader{rule}"
    return f"来自{number}, {origin.model} {origin.model_version}{rule}"


def accepted_lines(findings: Sequence[FindingLine]) -> str:
    """The accepted findings as text, one on each line."""
    return "\n".join(
        " · ".join([KINDS.get(f.kind, f.kind), f.place, _diameter(f), f"{f.probability:.2f}", f.model])
        for f in findings
    )


def _diameter(finding: FindingLine) -> str:
    size = "—" if finding.diameter_mm is None else f"{finding.diameter_mm:.1f} mm"
    if not finding.is_edited:
        return size
    by_model = "—" if finding.by_model_mm is None else f"{finding.by_model_mm:.1f} mm"
    return f"{size} (AI {by_model})"


def _amendment(contents: ReportContents) -> list[object]:
    """Why, and what: removed text struck through, added text underlined."""
    story = _section("修订原因 Reason for amendment", contents.amendment_reason or "")
    changed = [
        (name, runs) for name, runs in contents.changes if any(r.kind is not ChangeKind.SAME for r in runs)
    ]
    if changed:
        said = f"与第 {contents.version - 1} 版相比 Changes since version {contents.version - 1}"
        story.append(Paragraph(_mixed(said), _style("heading")))
    for name, runs in changed:
        story.append(Paragraph(_mixed(SECTION_NAMES[name]), _style("label")))
        lines = "".join(_marked(run) for run in runs).split("\n")
        story += [Paragraph(line or "&nbsp;", _style("body")) for line in lines]
    return story


def _marked(run: Run) -> str:
    """Markup of a run, its long unchanged text cut down; no tag goes over a line's end."""
    if run.kind is ChangeKind.SAME:
        text = run.text if len(run.text) <= 2 * CONTEXT else f"{run.text[:CONTEXT]} … {run.text[-CONTEXT:]}"
        return "\n".join(map(_mixed, text.split("\n")))
    tag = "strike" if run.kind is ChangeKind.REMOVED else "u"
    return "\n".join(f"<{tag}>{_mixed(line)}</{tag}>" if line else "" for line in run.text.split("\n"))


def _section(heading: str, text: str) -> list[object]:
    if not text.strip():
        return []
    return [Paragraph(_mixed(heading), _style("heading")), *_paragraphs(text)]


def _paragraphs(text: str) -> list[object]:
    return [Paragraph(_mixed(line) or "&nbsp;", _style("body")) for line in text.strip().splitlines()]


def _mixed(text: str) -> str:
    """Escaped markup in which every character is set in a font that has it.

    One that no font has is printed as its code point, [U+20BB7]: nothing disappears from a signed report.
    """
    plain = "".join(char for char in text if char >= " ").replace("\u00a0", " ")
    return "".join(_run(font, "".join(chars)) for font, chars in groupby(plain, _font_of))


def _run(font: str | None, characters: str) -> str:
    if font is None:
        return "".join(f"[U+{ord(char):04X}]" for char in characters)
    return f'<font name="{font}">{escape(characters)}</font>'


@cache
def _font_of(char: str) -> str | None:
    return next((name for name, glyphs in _fonts().items() if ord(char) in glyphs), None)


@cache
def _fonts() -> dict[str, Container[int]]:
    """Register the fonts that are here; for each name the code points that it has, the body's font first."""
    paths = [path for path in FONTS if path.is_file()]
    if not paths or "dejavu" not in str(paths[0]):  # comes with the library, for Latin at least
        paths.insert(0, Path(reportlab.__file__).parent / "fonts" / "Vera.ttf")
    found: dict[str, Container[int]] = {}
    for path in paths:
        font = TTFont(path.stem, str(path))
        pdfmetrics.registerFont(font)
        found[path.stem] = font.face.charToGlyph
    return found


@cache
def _style(name: str) -> ParagraphStyle:
    base = {"fontName": next(iter(_fonts())), "textColor": INK, "wordWrap": "CJK"}
    sizes: dict[str, dict[str, object]] = {
        "title": {"fontSize": 18, "leading": 24},
        "subtitle": {"fontSize": 9.5, "leading": 14, "textColor": QUIET, "spaceAfter": 5 * mm},
        "heading": {"fontSize": 10.5, "leading": 15, "spaceBefore": 5 * mm, "spaceAfter": 1.5 * mm},
        "body": {"fontSize": 9.5, "leading": 14.5},
        "cell": {"fontSize": 8, "leading": 11},
        "figure": {"fontSize": 9, "leading": 13},
        "note": {"fontSize": 9, "leading": 12.5, "spaceAfter": 1 * mm},
        "label": {"fontSize": 7.5, "leading": 12, "textColor": QUIET},
        "quiet": {"fontSize": 8.5, "leading": 13, "textColor": QUIET, "spaceBefore": 1.5 * mm},
        "signature": {"fontSize": 9.5, "leading": 15, "alignment": TA_RIGHT},
        "claim": {"fontSize": 7.5, "leading": 12, "alignment": TA_RIGHT, "textColor": QUIET},
        "foot": {"fontSize": 6.5, "leading": 9, "textColor": QUIET},
    }
    return ParagraphStyle(name, **(base | sizes[name]))
