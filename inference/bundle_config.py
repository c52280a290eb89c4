"""A bundle's configuration: read within bounds, and checked against the table of what it may name.

Nothing is imported, called or evaluated here; neither MONAI nor torch is needed. What passes may be handed to
MONAI's ConfigParser.

Source: MONAI's configuration syntax: `_target_`, `$` expressions, `@` references, `%` macros, relative ids.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from inference.bundle_expression import ImportNotAllowed, NotAllowed, check_expression, import_of
from inference.bundle_reasons import bundle_reason
from inference.bundle_targets import GIVEN_NAMES, MODES, RESTRICTED_ARGUMENTS, Use, use_of_target
from inference.errors import BundleError

MAX_CONFIG_BYTES = 1024 * 1024
MAX_NODES = 20_000
MAX_DEPTH = 60
MAX_SHOWN = 160
SEPARATOR = "::"

# `::`, `#` or a leading `+` in a key overrides other parts of the configuration; a quote could end up in an
# expression, since relative ids are made of keys.
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\- /]{0,127}")
_WORD = re.compile(r"\w+")
_RELATIVE = re.compile(r"[@%](?:::|#)+")
_ID = re.compile(r"\w*(?:::\w*)*")


class Fault(StrEnum):
    """Why a part of a configuration is refused."""

    TARGET = "target"
    EXPRESSION = "expression"
    IMPORT = "import"
    MACRO = "macro"
    ARGUMENT = "argument"
    MODE = "mode"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One part that the table lacks: where it stands (id with `::`), what it names, and why it is refused."""

    where: str
    what: str
    fault: Fault

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class ConfigCheck:
    """What a check found.

    Attributes:
        refusals: in the order of the configuration; empty when all is allowed.
        not_built: ids of parts that may stand there but are never made by us.
        references: from each id to those that it looks up.
    """

    refusals: tuple[Refusal, ...]
    not_built: frozenset[str]
    references: Mapping[str, frozenset[str]]

    def hindrance(self, ids: Collection[str]) -> str | None:
        """The first id behind `ids` that must not be built, directly or by reference; None: all may be."""
        refused = {refusal.where for refusal in self.refusals}
        waiting, seen = list(ids), set(ids)
        while waiting:
            wanted = waiting.pop()
            for id_, needed in self.references.items():
                if not (id_ == wanted or id_.startswith(wanted + SEPARATOR)):
                    continue
                if id_ in self.not_built or id_ in refused:
                    return id_
                waiting += needed - seen
                seen |= needed
        return None


def read_config(path: Path) -> dict[str, Any]:
    """Return a configuration file's content, JSON or YAML by its ending.

    Raises:
        BundleError: not readable, too large, not of this form, or a key occurs twice in one place.
    """
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise _unreadable(path, "is larger than a configuration can be")
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            content = json.loads(text, object_pairs_hook=_without_doubles)
        else:
            content = yaml.load(text, _Loader)
    except OSError as error:
        raise _unreadable(path, "cannot be read") from error
    except (ValueError, RecursionError, MemoryError, yaml.YAMLError) as error:
        form = "JSON" if path.suffix == ".json" else "YAML"
        raise _unreadable(path, f"is not {form}") from error
    if not isinstance(content, dict):
        raise _unreadable(path, "does not hold names and values")
    return content


def check_config(config: Mapping[str, Any]) -> ConfigCheck:
    """Return all that is not allowed in a configuration, and what is never to be built. Calls nothing."""
    refusals: list[Refusal] = []
    not_built: set[str] = set()
    references: dict[str, frozenset[str]] = {}
    try:
        nodes = list(_nodes(config))
    except _TooMuch as error:
        refusal = Refusal("", str(error), Fault.KEY)
        return ConfigCheck((refusal,), frozenset(), {})
    names = _names(nodes, refusals)
    for node in nodes:
        use, needed = Use.BUILT, frozenset[str]()
        try:
            use, needed = _check(node, names)
        except _Refused as refused:
            refusals.append(Refusal(node.where, refused.what[:MAX_SHOWN], refused.fault))
        if use is Use.NAMED:
            not_built.add(node.where)
        references[node.where] = needed
    return ConfigCheck(tuple(refusals), frozenset(not_built), references)


@dataclass(frozen=True, slots=True)
class _Node:
    """One value of the configuration and the keys that lead to it."""

    keys: tuple[str, ...]
    value: Any

    @property
    def where(self) -> str:
        return SEPARATOR.join(self.keys)


class _TooMuch(Exception):
    pass


class _Refused(Exception):
    def __init__(self, what: str, fault: Fault) -> None:
        super().__init__(what)
        self.what, self.fault = what, fault


def _nodes(config: Any) -> Iterator[_Node]:
    """All values, parents first. YAML aliases may make a small file endless, so they are counted."""
    waiting, count = [_Node((), config)], 0
    while waiting:
        node = waiting.pop()
        count += 1
        if count > MAX_NODES or len(node.keys) > MAX_DEPTH:
            raise _TooMuch("the configuration is too large or too deep")
        yield node
        if isinstance(node.value, Mapping):
            children = [(str(key), value) for key, value in node.value.items()]
        elif isinstance(node.value, list | tuple):
            children = [(str(n), value) for n, value in enumerate(node.value)]
        else:
            continue
        waiting += [_Node((*node.keys, key), value) for key, value in reversed(children)]


def _names(nodes: list[_Node], refusals: list[Refusal]) -> dict[str, str]:
    """What the free names of expressions stand for. An import holds in the whole configuration."""
    names = dict(GIVEN_NAMES)
    for node in nodes:
        if not (isinstance(node.value, str) and node.value.startswith("$")):
            continue
        try:
            imported = import_of(_text(node)[1:])
        except ImportNotAllowed as error:
            refusals.append(Refusal(node.where, str(error), Fault.IMPORT))
            continue
        except (NotAllowed, _Refused):
            continue  # refused as an expression, where it is checked
        if imported is None:
            continue
        name, module = imported
        if names.get(name, module) != module:
            refusals.append(Refusal(node.where, f"{name} for two things", Fault.IMPORT))
        names[name] = module
    return names


def _check(node: _Node, names: Mapping[str, str]) -> tuple[Use, frozenset[str]]:
    value, key = node.value, node.keys[-1] if node.keys else ""
    if key in RESTRICTED_ARGUMENTS:
        _check_restricted(key, value)
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str) or not _KEY.fullmatch(name):
                raise _Refused(repr(name), Fault.KEY)
        return _check_target(value), frozenset()
    if not isinstance(value, str) or key in ("_target_", "_mode_"):
        return Use.BUILT, frozenset()
    text = _text(node)
    if text.startswith("%"):
        return Use.BUILT, frozenset({_id(text, Fault.MACRO)})
    if text.startswith("@"):
        # A text that is no id as a whole stays a text: MONAI does not replace within it.
        return Use.BUILT, frozenset({text[1:]} if _ID.fullmatch(text[1:]) else ())
    if not text.startswith("$"):
        return Use.BUILT, frozenset()
    try:
        if import_of(text[1:]) is not None:
            return Use.BUILT, frozenset()
        checked = check_expression(text[1:], names)
    except ImportNotAllowed:
        return Use.NAMED, frozenset()  # told of already
    except NotAllowed as error:
        raise _Refused(f"{error} in {text}", Fault.EXPRESSION) from error
    return checked.use, frozenset(checked.references)


def _check_target(value: Mapping[str, Any]) -> Use:
    if "_target_" not in value:
        return Use.BUILT
    target, mode = value["_target_"], value.get("_mode_", "default")
    # Plain text: a reference or macro would be replaced after this check.
    use = use_of_target(target) if isinstance(target, str) else None
    if use is None:
        raise _Refused(str(target), Fault.TARGET)
    if mode not in MODES:
        raise _Refused(f"_mode_ {mode}", Fault.MODE)
    return use


def _check_restricted(key: str, value: Any) -> None:
    if not value or isinstance(value, Mapping):
        return  # nothing, or a component that is checked by itself
    if not (isinstance(value, str) and value.lower() in RESTRICTED_ARGUMENTS[key]):
        raise _Refused(f"{key} {value}", Fault.ARGUMENT)


def _text(node: _Node) -> str:
    """The node's text as MONAI evaluates it: `#` is `::`, relative ids are absolute.

    Raises:
        _Refused: a relative id would be made of keys that are no words, or leads out of the configuration.
    """
    text = str(node.value).replace("#", SEPARATOR)
    if not _RELATIVE.search(text):
        return text
    if not all(_WORD.fullmatch(key) for key in node.keys):
        raise _Refused(text, Fault.KEY)
    for prefix in sorted(set(_RELATIVE.findall(text)), reverse=True):
        levels = prefix.count(SEPARATOR)
        if levels > len(node.keys):
            raise _Refused(text, Fault.MACRO)
        above = node.keys[:-levels]
        text = text.replace(prefix, prefix[0] + "".join(key + SEPARATOR for key in above))
    return text


def _id(text: str, fault: Fault) -> str:
    """The id behind `%`. Another file's content would come in unchecked."""
    if not _ID.fullmatch(text[1:]):
        raise _Refused(text, fault)
    return text[1:]


def _unreadable(path: Path, what: str) -> BundleError:
    model = path.parent.parent.name
    return BundleError(bundle_reason("bundle-config-unreadable", model=model, file=path.name, what=what))


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key occurs twice")
    return content


class _Loader(yaml.SafeLoader):
    """Plain values only, and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        if len(set(map(str, keys))) != len(keys):
            raise yaml.YAMLError("a key occurs twice")
        return super().construct_mapping(node, deep=deep)
