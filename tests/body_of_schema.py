"""The smallest body that an OpenAPI schema takes."""

import re
from collections.abc import Mapping
from typing import Any

PLAIN: Mapping[str, Any] = {"integer": 1, "number": 1.0, "boolean": True, "null": None}
FORMATS = {
    "date-time": "2030-01-01T12:00:00Z",
    "date": "2030-01-01",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def body_of(schema: Mapping[str, Any], description: Mapping[str, Any]) -> Any:
    """A value of `schema`, with what it requires and nothing else; `description` holds what it refers to."""
    if "$ref" in schema:
        return body_of(description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], description)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return body_of(schema[choice][0], description)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        wanted, properties = schema.get("required", []), schema.get("properties", {})
        return {name: body_of(properties[name], description) for name in wanted}
    if "prefixItems" in schema:
        return [body_of(one, description) for one in schema["prefixItems"]]
    if kind == "array":
        return [body_of(schema["items"], description)] * schema.get("minItems", 0)
    if kind == "string" and re.search(schema.get("pattern", ""), "1.2") and "pattern" in schema:
        return "1.2"
    if kind == "string":
        return FORMATS.get(schema.get("format", ""), "x" * max(1, schema.get("minLength", 1)))
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    return least if kind in ("integer", "number") else PLAIN[kind]
