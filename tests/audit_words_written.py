"""What the code writes into the audit log, read off the sources.

A function that is given an action calls it `action`, and the log's own `audit_log.record` does; so each call
of such a function, in each file, says an action, or hands on its own.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("teleconsult", "inference", "signaling", "storage")
ACTION = "action"
NOT_OF_LOG = frozenset({"teleconsult/doctor.py", "storage/audit_formats.py"})  # other actions; it only reads
PUT_TOGETHER, UNREADABLE = "*", "? "
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def sources() -> Mapping[str, ast.Module]:
    files = [file for package in PACKAGES for file in (REPOSITORY / package).rglob("*.py")]
    return {str(file.relative_to(REPOSITORY)): ast.parse(file.read_text()) for file in files}


def actions() -> Iterator[tuple[str, str]]:
    """File and action; one that is put together is `consult-*`, one that cannot be read `?` and its words."""
    for file, tree in sources().items():
        if file in NOT_OF_LOG:
            continue
        names = _constants(tree)
        for function in _functions(tree):
            own = {one.arg for one in (*function.args.args, *function.args.kwonlyargs)}
            for call in _calls_in(function):
                if not _may_reach_log(file, call):
                    continue
                for given in _actions_of(file, call):
                    for said in _read(given, function, names, own):
                        yield file, said


def details() -> set[str]:
    """The names in dictionaries that are given with an action, or put together under the name `details`."""
    found: set[str] = set()
    for file, tree in sources().items():
        for function in _functions(tree) if file not in NOT_OF_LOG else ():
            given = [
                one
                for call in _calls_in(function)
                if _may_reach_log(file, call) and _actions_of(file, call)
                for one in (*call.args, *(word.value for word in call.keywords))
            ]
            if given:
                given += _assigned(function, "details")
            for one in given:
                found |= {
                    key.value
                    for node in ast.walk(one)
                    if isinstance(node, ast.Dict)
                    for key in node.keys
                    if isinstance(key, ast.Constant)
                }
    return found


def _functions(tree: ast.AST) -> list[Function]:
    return [one for one in ast.walk(tree) if isinstance(one, Function)]


def _calls_in(function: Function) -> Iterator[ast.Call]:
    """But for those of functions within, which have their own turn."""
    rest: list[ast.AST] = list(ast.iter_child_nodes(function))
    while rest:
        node = rest.pop()
        if isinstance(node, Function):
            continue
        if isinstance(node, ast.Call):
            yield node
        rest.extend(ast.iter_child_nodes(node))


@cache
def _takers() -> Mapping[str, Mapping[str, int | None]]:
    """By name and file: where `action` stands among what is given by position; None: nowhere."""
    found: dict[str, dict[str, int | None]] = {}
    for file, tree in sources().items():
        for function in _functions(tree):
            names = [one.arg for one in function.args.args if one.arg not in ("self", "cls")]
            if ACTION in names:
                found.setdefault(function.name, {})[file] = names.index(ACTION)
            elif ACTION in {one.arg for one in function.args.kwonlyargs}:
                found.setdefault(function.name, {})[file] = None
    return found


@cache
def _imported(file: str) -> frozenset[str]:
    return frozenset(
        one.name
        for node in ast.walk(sources()[file])
        if isinstance(node, ast.ImportFrom)
        for one in node.names
    )


def _may_reach_log(file: str, call: ast.Call) -> bool:
    """Another function of the same name, in a file that has nothing of the log, is another matter."""
    if isinstance(call.func, ast.Name):
        name = call.func.id
        return file in _takers().get(name, {}) or name in _imported(file)
    return isinstance(call.func, ast.Attribute)


def _actions_of(file: str, call: ast.Call) -> list[ast.expr]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    takers = _takers().get(name)
    if takers is None:
        return []
    if named := [one.value for one in call.keywords if one.arg == ACTION]:
        return named
    if file in takers:
        place = takers[file]
    else:
        places = {one for one in takers.values() if one is not None}
        place = places.pop() if len(places) == 1 else None
    return [call.args[place]] if place is not None and place < len(call.args) else []


def _constants(tree: ast.Module) -> dict[str, str]:
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _read(given: ast.expr, function: Function, names: Mapping[str, str], own: set[str]) -> Iterator[str]:
    match given:
        case ast.Constant(value=str() as said):
            yield said
        case ast.IfExp():
            yield from _read(given.body, function, names, own)
            yield from _read(given.orelse, function, names, own)
        case ast.JoinedStr():
            pieces = given.values
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else PUT_TOGETHER for one in pieces)
        case ast.Name(id=name) if name in names:
            yield names[name]
        case ast.Name(id=name) if name in own and name == ACTION:
            return  # what it was given itself
        case ast.Name(id=name) if local := _assigned(function, name):
            for value in local:
                yield from _read(value, function, names, own)
        case _:
            yield UNREADABLE + ast.unparse(given)


def _assigned(function: Function, name: str) -> list[ast.expr]:
    return [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and node.value is not None
        and any(
            isinstance(target, ast.Name) and target.id == name
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        )
    ]
