"""Expressions of a bundle's configuration: read, never evaluated, and refused beyond a small grammar.

MONAI replaces `@id` by a look-up, then calls `eval` on what stands behind `$`. `check_expression` makes the
same replacement and walks the syntax tree of exactly that text, so there is no second reading.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from inference.bundle_targets import (
    ASSIGNABLE,
    ATTRIBUTES,
    METHODS,
    MODULES,
    RESTRICTED_ARGUMENTS,
    Use,
    use_of_function,
)

MAX_LENGTH = 2_000
REFERENCES = "__local_refs"  # MONAI's name for what `@id` stands for
_REFERENCE = re.compile(r"@(?:\w*)(?:::\w*)*")

_PLAIN = (
    ast.Expression,
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.BoolOp,
    ast.UnaryOp,
    ast.Compare,
    ast.IfExp,
    ast.Slice,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.comprehension,
    ast.boolop,
    ast.unaryop,
    ast.cmpop,
    ast.expr_context,
)
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)  # no powers: 9**9**9
KEYWORDS_ONLY = "monai.networks.nets."  # the first argument of some is whether to fetch weights


class NotAllowed(Exception):
    """An expression holds something that the grammar or the table lacks; the text says what."""


class ImportNotAllowed(NotAllowed):
    """It imports something that is not listed."""


@dataclass(slots=True)
class Checked:
    """What is known of an expression that passed.

    Attributes:
        use: the least that is done with anything in it: NAMED when one part must not be built.
        references: ids that it looks up, with `::` between levels.
    """

    use: Use = Use.BUILT
    references: set[str] = field(default_factory=set)


def import_of(text: str) -> tuple[str, str] | None:
    """The name and the module that an import binds; None: the text is no import.

    Args:
        text: what stands behind `$`.

    Raises:
        ImportNotAllowed: it imports something that is not listed.
        NotAllowed: it is no Python.
    """
    body = _parsed(with_references(text), "exec").body  # type: ignore[attr-defined]
    if not body or not isinstance(body[0], ast.Import | ast.ImportFrom):
        return None
    node = body[0]
    if len(body) != 1 or len(node.names) != 1 or (isinstance(node, ast.ImportFrom) and node.level):
        raise ImportNotAllowed("import")
    alias = node.names[0]
    if isinstance(node, ast.ImportFrom):
        name = f"{node.module}.{alias.name}"
        if use_of_function(name) is None:
            raise ImportNotAllowed(f"import {name}")
        return alias.asname or alias.name, name
    if alias.name not in MODULES:
        raise ImportNotAllowed(f"import {alias.name}")
    if "." in alias.name and not alias.asname:
        raise ImportNotAllowed(f"import {alias.name}")  # MONAI would bind a name with a point in it
    return alias.asname or alias.name, alias.name


def check_expression(text: str, names: Mapping[str, str]) -> Checked:
    """Return what an expression refers to, when all of it is allowed.

    Args:
        text: what stands behind `$`, relative ids already made absolute, `#` as `::`.
        names: what its free names stand for: imports, and what MONAI gives.

    Raises:
        NotAllowed: with the part that is not allowed.
    """
    checked = Checked()
    try:
        _walk(_parsed(with_references(text).strip(), "eval"), names, frozenset(), checked)
    except RecursionError as error:
        raise NotAllowed("an expression nested too deeply") from error
    return checked


def with_references(text: str) -> str:
    """The text as MONAI hands it to `eval`: longer ids are replaced first, as there."""
    for item in sorted(_REFERENCE.findall(text), key=len, reverse=True):
        text = text.replace(item, f"{REFERENCES}['{item[1:]}']")
    return text


def _parsed(text: str, mode: str) -> ast.AST:
    if len(text) > MAX_LENGTH:
        raise NotAllowed("an expression of more than 2,000 characters")
    try:
        return ast.parse(text, mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotAllowed("what is no expression") from error


def _walk(node: ast.AST, names: Mapping[str, str], bound: frozenset[str], checked: Checked) -> None:
    """Check a node and all below it. `bound`: variables of lambdas and comprehensions around it."""
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=slice_) if name == REFERENCES:
            if not (isinstance(slice_, ast.Constant) and isinstance(slice_.value, str)):
                raise NotAllowed(REFERENCES)
            checked.references.add(slice_.value)
            return
        case ast.Subscript():
            pass
        case ast.Name(id=name):
            if name not in bound:
                _use(_whole_name(node, names, bound), checked)
            return
        case ast.Attribute():
            if (whole := _whole_name(node, names, bound)) is not None:
                _use(whole, checked)
                return
            _least(checked, ATTRIBUTES.get(node.attr), f".{node.attr}")
        case ast.Call():
            _walk_call(node, names, bound, checked)
            return
        case ast.BinOp(op=op):
            if not isinstance(op, _ARITHMETIC):
                raise NotAllowed(type(op).__name__)
        case ast.operator():
            return
        case ast.Lambda(args=arguments, body=body):
            if arguments.vararg or arguments.kwarg or arguments.defaults or arguments.kw_defaults:
                raise NotAllowed("lambda")
            parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            _walk(body, names, bound | _variables(p.arg for p in parameters), checked)
            return
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            targets = (t for g in node.generators for t in ast.walk(g.target))
            if any(g.is_async for g in node.generators):
                raise NotAllowed("async")
            bound |= _variables(t.id for t in targets if isinstance(t, ast.Name))
        case _ if not isinstance(node, _PLAIN):
            raise NotAllowed(type(node).__name__)
    for child in ast.iter_child_nodes(node):
        _walk(child, names, bound, checked)


def _walk_call(node: ast.Call, names: Mapping[str, str], bound: frozenset[str], checked: Checked) -> None:
    whole = _whole_name(node.func, names, bound)
    for keyword in node.keywords:
        if keyword.arg is None or (
            keyword.arg in RESTRICTED_ARGUMENTS
            and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
        ):
            raise NotAllowed(f"{ast.unparse(node.func)}({keyword.arg or '**'}=...)"[:80])
    if any(isinstance(argument, ast.Starred) for argument in node.args):
        raise NotAllowed("*")
    if whole == "setattr":
        _check_assignment(node, names, bound)
        checked.use = Use.NAMED
        return
    if whole is not None:
        if whole.startswith(KEYWORDS_ONLY) and node.args:
            raise NotAllowed(f"{whole}(...) without names of its arguments"[:80])
        _use(whole, checked)
    elif isinstance(node.func, ast.Attribute):
        _least(checked, METHODS.get(node.func.attr), f".{node.func.attr}()")
        _walk(node.func.value, names, bound, checked)
    elif isinstance(node.func, ast.Subscript) and _is_reference(node.func):
        checked.use = Use.NAMED  # something else of the configuration is called, with whatever it is given
        _walk(node.func, names, bound, checked)
    else:
        raise NotAllowed(f"{ast.unparse(node.func)}()"[:80])
    for child in [*node.args, *(keyword.value for keyword in node.keywords)]:
        _walk(child, names, bound, checked)


def _check_assignment(node: ast.Call, names: Mapping[str, str], bound: frozenset[str]) -> None:
    match node:
        case ast.Call(args=[target, ast.Constant(value=attribute), ast.Constant()], keywords=[]):
            if (_whole_name(target, names, bound), attribute) in ASSIGNABLE:
                return
    raise NotAllowed(ast.unparse(node)[:80])


def _whole_name(node: ast.AST, names: Mapping[str, str], bound: frozenset[str]) -> str | None:
    """The dotted name of a global; None: it hangs on a variable, a reference or a value."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id in bound or node.id == REFERENCES:
        return None
    return ".".join([names.get(node.id, node.id), *reversed(attributes)])


def _use(whole: str | None, checked: Checked) -> None:
    _least(checked, use_of_function(whole) if whole else None, whole or REFERENCES)


def _least(checked: Checked, use: Use | None, what: str) -> None:
    if use is None:
        raise NotAllowed(what[:80])
    checked.use = min(checked.use, use)


def _is_reference(node: ast.Subscript) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == REFERENCES


def _variables(names: object) -> frozenset[str]:
    found = frozenset(names)  # type: ignore[call-overload]
    if any(name.startswith("_") for name in found):
        raise NotAllowed("_")
    return found  # type: ignore[no-any-return]
