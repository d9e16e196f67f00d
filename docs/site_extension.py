"""What the manual needs of Sphinx beyond its extensions: links to failures by id, and the public names of the package itself."""

from __future__ import annotations

import re
from typing import List

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

from acmewrap.failures.catalogue import CATALOGUE


def slug(title: str) -> str:
    """A failure is linked to by its id, everything else as forges do it."""
    return title if title in CATALOGUE else re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


class Public(Directive):
    """Everything in ``acmewrap.__all__`` with its docstring: classes and functions first, then the errors."""

    def run(self) -> List[nodes.Node]:
        import acmewrap

        found = [(name, getattr(acmewrap, name)) for name in vars(acmewrap)["__all__"] if name != "__version__"]
        is_error = {name: isinstance(value, type) and issubclass(value, BaseException) for name, value in found}
        groups = {
            "The job, the driver and their results": [one for one in found if not is_error[one[0]]],
            "Errors": [one for one in found if is_error[one[0]]],
        }
        lines = []
        for title, members in groups.items():
            lines += [f".. rubric:: {title}", ""]
            for name, value in sorted(members):
                kind = "class" if isinstance(value, type) else "function" if callable(value) else "data"
                kind = "exception" if is_error[name] else kind
                lines += [f".. auto{kind}:: acmewrap.{name}"]
                lines += ["   :members:", ""] if kind in ("class", "exception") else [""]
        node = nodes.section()
        self.state.nested_parse(StringList(lines, source="acmewrap"), self.content_offset, node)
        return node.children


def setup(app: Sphinx) -> None:
    app.add_directive("autopublic", Public)
    app.add_lexer("named", TextLexer)  # named.conf(5), which Pygments does not know
