"""TypeScript types from our JSON Schema: just the constructs that messages.py makes. Pure."""

import json
from collections.abc import Mapping
from typing import Any

HEADER = "// Made by `python -m signaling.messages`. Do not edit: change signaling/messages.py.\n"
PRIMITIVES = {
    "string": "string",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "null": "null",
}


def typescript(schema: Mapping[str, Any]) -> str:
    """One exported type for each of the schema's `$defs`, in their order."""
    parts = [HEADER]
    for name, definition in schema["$defs"].items():
        comment = _comment(definition.get("description"))
        if definition.get("type") == "object":
            parts.append(f"{comment}export interface {name} {{\n{_fields(definition)}}}\n")
        else:
            parts.append(f"{comment}export type {name} = {_type(definition)};\n")
    return "\n".join(parts)


def _comment(text: str | None) -> str:
    if not text:
        return ""
    lines = text.splitlines()
    if len(lines) == 1:
        return f"/** {lines[0]} */\n"
    return "/**\n" + "".join(f" * {line}".rstrip() + "\n" for line in lines) + " */\n"


def _fields(definition: Mapping[str, Any]) -> str:
    # Fields with a default are always sent (`mode="serialization"`), so none is optional here.
    return "".join(f"  {name}: {_type(field)};\n" for name, field in definition.get("properties", {}).items())


def _type(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if "const" in field:
        return json.dumps(field["const"])
    if "enum" in field:
        return " | ".join(json.dumps(value) for value in field["enum"])
    for choice in ("anyOf", "oneOf"):
        if choice in field:
            return " | ".join(_type(option) for option in field[choice])
    if field["type"] == "array":
        return f"{_type(field['items'])}[]"
    return PRIMITIVES[field["type"]]
