"""The page docs/json.md, made of the tables that the documents and their schema are made of."""

from __future__ import annotations

from typing import Iterator

from acmewrap.report.document import ENVELOPE, OWN
from acmewrap.report.fields import Schema, record

_MANUAL = """\
# What `--json` prints

One document on standard output and nothing else: what stands under *every document*, and what stands under the command's name.
`acmewrap schema --document` prints the JSON Schema. Times are RFC 3339 in UTC, durations seconds, hashes lower-case hex.
Written from the tables of `acmewrap/report`: `PYTHONPATH=. python tests/support/json_manual.py > docs/json.md`.
"""


def manual() -> str:
    """The page docs/json.md."""
    parts = {"every document": ENVELOPE, **{", ".join(names): own for names, own in OWN.items()}}
    documents = [record(title, own).schema for title, own in parts.items()]
    lines = [_MANUAL]
    for schema in {one["title"]: one for whole in documents for one in (whole, *records_in(whole))}.values():
        rows = [(name, explain(part), part.get("description", "")) for name, part in schema["properties"].items()]
        table = [
            "| key | value | |",
            "|---|---|---|",
            *(f"| `{name}` | {kind} | {about} |" for name, kind, about in rows),
        ]
        lines += [f"## {schema['title']}", "", *(table if rows else ["Nothing of its own."]), ""]
    return "\n".join(lines)


def explain(schema: Schema) -> str:
    """A type in words for the manual."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(explain, schema["anyOf"])))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "title" in schema:
        return f"[{schema['title']}](#{schema['title']})"
    inner = schema.get("items") or schema.get("additionalProperties")
    words = {"array": "list of ", "object": "by name: "} if inner else {"string": "text", "boolean": "true or false"}
    return words.get(schema["type"], str(schema["type"])) + (explain(inner) if inner else "")


def records_in(schema: Schema) -> Iterator[Schema]:
    """Every record that *schema* is made of, itself among them."""
    if "properties" in schema:
        yield schema
    kinds = (*schema.get("anyOf", ()), *schema.get("properties", {}).values())
    for inner in (*kinds, *(schema[key] for key in ("items", "additionalProperties") if key in schema)):
        yield from records_in(inner)


if __name__ == "__main__":
    print(manual(), end="")
