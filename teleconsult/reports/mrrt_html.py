"""An MRRT file's HTML as a tree, as far as it is safe to read. Pure.

Nothing of the file is run, fetched or shown as HTML: only its texts are taken. A file that is a program all
the same, that sends or embeds something, or whose parts are not closed is refused with the line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

from teleconsult.errors import TemplateUnreadable
from teleconsult.reports.template import said

VOID: Final = frozenset(
    ("area", "br", "col", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
# An end tag that is missing or too many says that the file was cut or mixed up; others HTML lets go.
STRICT: Final = frozenset(
    ("html", "head", "body", "section", "header", "label", "select", "textarea", "datalist", "script")
)
# Each ends where the next begins.
SIBLINGS: Final = frozenset(("p", "li", "option", "tr", "td", "dt", "dd"))
ACTING: Final = frozenset(("iframe", "frame", "frameset", "object", "embed", "applet", "form", "base"))
MOST_DEPTH: Final = 50
MOST_NODES: Final = 20_000
# A text, a whole comment, or a whole tag. Python's parser takes minutes for thousands of tags that never end.
PIECE: Final = re.compile(
    r"""[^<]+|<(?=[\s\d=])|<!--.*?-->|"""
    r"""<[!/?]?[A-Za-z][^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>""",
    re.DOTALL,
)
ATTRIBUTES_OF_TEMPLATE: Final = "text/xml"  # the one kind of <script> that MRRT has: data


@dataclass(slots=True)
class Node:
    tag: str
    attributes: dict[str, str]
    line: int
    children: list["Node | str"] = field(default_factory=list)

    def get(self, name: str) -> str:
        """The attribute, trimmed; empty where it is not there."""
        return " ".join(self.attributes.get(name, "").split())

    @property
    def text(self) -> str:
        """All text in it, white space as HTML shows it."""
        return " ".join(" ".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                yield from child._texts()

    def all(self, *tags: str) -> Iterator["Node"]:
        """The elements of these names in it, in the file's order."""
        for child in self.children:
            if isinstance(child, Node):
                if child.tag in tags:
                    yield child
                yield from child.all(*tags)


def read_html(text: str) -> Node:
    """Raises TemplateUnreadable."""
    at = 0
    while at < len(text):
        piece = PIECE.match(text, at)
        if piece is None:
            line = text.count("\n", 0, at) + 1
            raise _unreadable("a tag or a comment does not end", "有标签或注释没有结束", line)
        at = piece.end()
    builder = _Builder()
    builder.feed(text)
    builder.close()
    return builder.whole()


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._root = Node("", {}, 0)
        self._open = [self._root]
        self._count = 0

    def whole(self) -> Node:
        for node in self._open[1:]:
            if node.tag in STRICT:
                raise _unclosed(node.tag, node.line)
        return self._root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        attributes = {name: value or "" for name, value in attrs}
        _require_harmless(tag, attributes, line)
        self._count += 1
        if self._count > MOST_NODES or len(self._open) > MOST_DEPTH:
            raise _unreadable(
                "it is larger or more deeply nested than a template", "其规模或嵌套层数超出模板应有范围", line
            )
        if tag in SIBLINGS and self._open[-1].tag == tag:
            del self._open[-1]
        node = Node(tag, attributes, line)
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """HTML knows no `<p/>`; MRRT's files, which are written as XML, do."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        at = next((n for n in range(len(self._open) - 1, 0, -1) if self._open[n].tag == tag), None)
        if at is None:
            if tag in STRICT:
                raise _unclosed(tag, self.getpos()[0])
            return
        for node in self._open[at + 1 :]:
            if node.tag in STRICT:
                raise _unclosed(node.tag, node.line)
        del self._open[at:]

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def _require_harmless(tag: str, attributes: dict[str, str], line: int) -> None:
    is_data = tag == "script" and attributes.get("type", "").lower() == ATTRIBUTES_OF_TEMPLATE
    handles = any(name.startswith("on") for name in attributes)
    addressed = [attributes.get(name, "") for name in ("href", "src", "action", "formaction", "xlink:href")]
    runs = any("".join(one.split()).lower().startswith(("javascript:", "vbscript:")) for one in addressed)
    if (tag == "script" and (not is_data or "src" in attributes)) or handles or runs:
        raise _unreadable("it contains a program", "其中含有程序", line)
    if tag in ACTING or attributes.get("http-equiv", "").lower() == "refresh":
        said_en, said_zh = f"it embeds or sends something (<{tag}>)", f"其中嵌入或发送外部内容（<{tag}>）"
        raise _unreadable(said_en, said_zh, line)


def _unclosed(tag: str, line: int) -> TemplateUnreadable:
    return _unreadable(f"<{tag}> is not closed, or closed twice", f"<{tag}> 未闭合或重复闭合", line)


def _unreadable(en: str, zh: str, line: int) -> TemplateUnreadable:
    return TemplateUnreadable(said(f"{en} (line {line})", f"{zh}（第 {line} 行）"))
