"""The one place that renders ``templates/`` (Jinja2): every value that comes into a text goes through the filter of its language.

Filters: ``quote`` and ``shell_value`` for shells, ``words`` and ``text`` for systemd's units, ``yaml`` for configuration files.
In HTML every value is made visible and escaped, without one.
"""

from __future__ import annotations

import json
import shlex
from typing import Any, Sequence, Union

from .formats.text import visible
from .secrets import CommandReference, CredentialReference, EnvironmentReference, FileReference, Reference
from .system import resources


def render(name: str, /, **values: object) -> str:
    """The text of the template *name*. Raises what Jinja2 raises for one that names a value nobody gave."""
    import jinja2

    html = name.endswith(".html.j2")
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=html,  # noqa: S701 - what is no HTML has filters of its own
        finalize=_visible if html else None,
    )
    environment.filters.update(
        quote=lambda value: shlex.quote(str(value)),
        shell_value=_shell_value,
        is_read=lambda value: not isinstance(value, str),
        words=_words,
        text=_escape,
        yaml=_yaml,
    )
    return environment.from_string(resources.read_text(f"templates/{name}")).render(**values)


def _shell_value(value: Union[str, Reference]) -> str:
    """A shell word that becomes the value when the script runs."""
    if isinstance(value, str):
        return shlex.quote(value)
    if isinstance(value, FileReference):
        return f'"$(cat -- {shlex.quote(str(value.path))})"'
    if isinstance(value, EnvironmentReference):
        return f'"$(printenv {shlex.quote(value.name)})"'  # unlike a parameter, it fails where there is none
    if isinstance(value, CommandReference):
        return f'"$({" ".join(map(shlex.quote, value.argv))})"'
    assert isinstance(value, CredentialReference)
    return f'"$(cat -- "${{CREDENTIALS_DIRECTORY-}}"/{shlex.quote(value.name)})"'


def _visible(value: object) -> object:
    return value if hasattr(value, "__html__") else visible(str(value))  # that is Markup, of the template


def _words(words: Any) -> str:
    """Words for a unit file: each quoted where it must be, with nothing left for systemd to expand."""
    given: Sequence[object] = words if isinstance(words, tuple) else (words,)
    return " ".join(_word(str(word)) for word in given)


def _word(word: str) -> str:
    text = _escape(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return text if word and not set(word) & set(" \t'\"\\;") else f'"{text}"'


def _escape(text: object) -> str:
    return str(text).replace("%", "%%")


def _yaml(value: object) -> str:
    """A text as it may stand in YAML: as it is where that is plain, else in quotes (JSON's are YAML's)."""
    text = str(value)
    plain = all(letter.isalnum() or letter in "./:-_~" for letter in text) and text[:1].isalnum() | (text[:1] in "./~")
    return text if plain and ": " not in text and not text.endswith(":") else json.dumps(text, ensure_ascii=False)
