"""The shape of the package, read from its source: who may import whom, what may be heavy, what must stay in one place.

To add a module, nothing is needed here unless it is a new file or folder directly in ``acmewrap/``: then give it its place in
LAYERS. To let a module import something heavy at its top, name it in HEAVY and say why.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import Callable, Iterable, Iterator, Mapping, NamedTuple, Set, Tuple

import pytest

PACKAGE = Path(__file__).resolve().parent.parent.parent / "acmewrap"

# From the ground up. Each may import what stands in a line above its own, and its own folder; neighbours do not know each other.
LAYERS: Tuple[Tuple[str, ...], ...] = (
    ("frozen",),
    ("formats", "backoff"),
    ("errors",),
    ("failures", "reasons"),
    ("system",),
    ("secrets", "pki"),
    ("templates", "net", "unexpected"),
    ("config",),
    ("acme",),
    ("driver", "host"),
    ("paths", "synology"),
    ("schedule", "verify", "self_update"),
    ("state",),
    ("plan",),
    ("engine",),
    ("report",),
    ("monitoring",),
    ("doctor",),
    ("job",),
    ("cli",),
)
# The package itself (its public names) and `python -m` stand beside the layers.
BESIDE: Mapping[str, Set[str]] = {
    "__init__": {name for layer in LAYERS for name in layer} - {"cli"},
    "__main__": {"cli"},
    "testing": {name for layer in LAYERS for name in layer} - {"cli"},
}
MAY_IMPORT_TESTING = {"testing", "cli"}  # cli: the demo

# Modules that cost time to import, and who may nevertheless do so at the top. Everywhere else: inside the function that needs it.
HEAVY: Mapping[str, Tuple[str, ...]] = {
    "yaml": ("config.*",),  # YAML is what these are about; but see LIGHT
    "argcomplete": (),
    "ssl": (),
    "http": (),
    "urllib.request": (),
    "subprocess": ("driver.process",),
    "asyncio": (),
    "concurrent.futures": (),
    "email": (),
    "jinja2": (),
    "rich": (),
    "sh": (),
}
DISTRIBUTIONS = {"PyYAML": "yaml"}  # whose module has another name
LIGHT = (
    "config.challenges",
    "config.endpoint",
    "config.model",
    "config.monitoring",
)  # imported from everywhere, and so excepted from the patterns above
MAY_IMPORT_SUBPROCESS = ("driver.process",)  # and testing, which starts counterparts

# A class whose alternative constructor another module performs, inside the method: datetime.strptime does likewise.
ALTERNATIVE_CONSTRUCTORS = {"config.model": "config.load"}

ENDS_OR_PRINTS = ("print", "exit", "quit", "SystemExit", "sys.exit", "os._exit", "sys.stdout.write", "sys.stderr.write")
# How the process's own are read, the last ones unless they are called with another time or PATH; and who does nevertheless.
ENVIRONMENT = ("os.environ", "os.environb", "os.getenv")
CLOCK = ("time.time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today")
UNLESS_GIVEN = ("time.gmtime", "time.localtime", "shutil.which")
FROM_PROCESS: Mapping[str, Tuple[str, ...]] = {
    **dict.fromkeys(("job", "config.load", "driver.release.installation"), ENVIRONMENT),  # defaults of public functions
    "report.started": ("shutil.which",),
    "unexpected": ("time.gmtime",),
}
MOST_LINES, MOST_MODULES = 250, 14
READERS = ("reading", "resources")  # whose functions are called by the name of the module


class Import(NamedTuple):
    name: str  # in full, such as acmewrap.config.model or yaml.nodes
    line: int
    at_top: bool  # whether importing the module runs it
    ever: bool  # whether anything does: only type checkers read some


def modules() -> Iterator[Path]:
    return (path for path in sorted(PACKAGE.rglob("*.py")) if "templates" not in path.parts)


def dotted(path: Path) -> str:
    """``config.model`` for ``acmewrap/config/model.py``; a folder's ``__init__`` has the folder's name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def unit_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


@functools.lru_cache(maxsize=None)
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=None)
def imports(path: Path) -> Tuple[Import, ...]:
    return tuple(_imports(parsed(path), path, at_top=True, ever=True))


def _imports(node: ast.AST, path: Path, at_top: bool, ever: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_top, ever) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = _base(child, path)
            yield from (Import(_in_full(base, alias.name), child.lineno, at_top, ever) for alias in child.names)
        else:
            unread = _is_for_type_checkers(child)
            lazy = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) or unread
            yield from _imports(child, path, at_top and not lazy, ever and not unread)


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _base(statement: ast.ImportFrom, path: Path) -> str:
    if statement.level == 0:
        return statement.module or ""
    folder = path.parent
    for _ in range(statement.level - 1):
        folder = folder.parent
    parts = ("acmewrap", *folder.relative_to(PACKAGE).parts)
    return ".".join((*parts, statement.module) if statement.module else parts)


def _in_full(base: str, name: str) -> str:
    """*base* plus *name* where that is a module of its own; *name* may as well be a function or a class in *base*."""
    if unit_of(base) != "acmewrap":
        return f"{base}.{name}"
    folder = PACKAGE.joinpath(*base.split(".")[1:])
    is_module = (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()
    return f"{base}.{name}" if is_module else base


def name_of(node: ast.expr) -> str:
    """``sys.exit`` for what is written so; empty for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


def is_or_is_in(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def allowed(unit: str) -> Set[str]:
    if unit in BESIDE:
        return BESIDE[unit]
    level = next(level for level, names in enumerate(LAYERS) if unit in names)
    return {name for layer in LAYERS[:level] for name in layer}


def none_breaks(complaints: Callable[[Path], Iterable[str]]) -> None:
    """Fails with a line for each thing that *complaints* gives for any module."""
    offenders = [f"{dotted(path)}, {said}" for path in modules() for said in complaints(path)]
    if offenders:
        pytest.fail("\n".join(offenders))


def test_every_part_of_the_package_has_its_place() -> None:
    known = {name for layer in LAYERS for name in layer} | set(BESIDE)
    assert {unit_of(dotted(path)) for path in modules()} <= known


def test_a_lower_layer_does_not_import_a_higher_one() -> None:
    def complaints(module: Path) -> Iterator[str]:
        unit = unit_of(dotted(module))
        for imported in imports(module):
            if not imported.name.startswith("acmewrap."):  # `from .. import __version__` has a test of its own
                continue
            other = imported.name.split(".")[1]
            fine = unit in MAY_IMPORT_TESTING if other == "testing" else other == unit or other in allowed(unit)
            if not fine:
                yield f"line {imported.line}: {unit} imports {imported.name}"

    none_breaks(complaints)


def test_no_module_imports_another_that_imports_it_back() -> None:
    """Not even inside functions, or for type checkers: who sits in a circle cannot be understood alone."""
    graph = {dotted(path): {one.name[len("acmewrap.") :] for one in imports(path)} for path in modules()}
    for module, constructor in ALTERNATIVE_CONSTRUCTORS.items():
        graph[module] -= {constructor}
    before = len(graph) + 1
    while len(graph) < before:  # take away who imports nobody that is left
        before = len(graph)
        graph = {name: taken for name, taken in graph.items() if taken & (set(graph) - {name})}
    assert {name: taken & set(graph) for name, taken in graph.items()} == {}


def test_nothing_but_the_version_is_taken_from_the_package_itself() -> None:
    def complaints(module: Path) -> Iterator[str]:
        for statement in ast.walk(parsed(module)):
            if isinstance(statement, ast.ImportFrom) and _base(statement, module) == "acmewrap":
                for alias in statement.names:
                    if _in_full("acmewrap", alias.name) == "acmewrap" and alias.name != "__version__":
                        yield f"line {statement.lineno}: takes {alias.name}"

    none_breaks(complaints)


def test_the_environment_and_the_clock_of_the_process_are_read_by_the_command_line_alone() -> None:
    def complaints(module: Path) -> Iterator[str]:
        name = dotted(module)
        for node in ast.walk(parsed(module)) if unit_of(name) not in ("cli", "testing") else ():
            if isinstance(node, ast.Attribute):
                read = name_of(node) if name_of(node) in ENVIRONMENT else ""
            elif isinstance(node, ast.Call):
                given = node.keywords or (node.args and name_of(node.func) != "shutil.which")
                read = name_of(node.func) if name_of(node.func) in (*CLOCK, *(() if given else UNLESS_GIVEN)) else ""
            else:
                continue
            if read and read not in FROM_PROCESS.get(name, ()):
                yield f"line {node.lineno}: reads {read}"

    none_breaks(complaints)


def test_heavy_modules_are_imported_where_they_are_needed() -> None:
    def complaints(module: Path) -> Iterator[str]:
        name = dotted(module)
        for imported in imports(module) if unit_of(name) != "testing" else ():
            for heavy, at_home in HEAVY.items():
                excused = name not in LIGHT and any(fnmatch(name, home) for home in at_home)
                if imported.at_top and is_or_is_in(imported.name, heavy) and not excused:
                    yield f"line {imported.line}: imports {imported.name}"

    none_breaks(complaints)


@pytest.mark.skipif(sys.version_info < (3, 10), reason="this Python does not list the modules it comes with")
def test_nothing_is_imported_that_an_installation_does_not_have() -> None:
    """Here it may be there all the same, brought along by what the tests need."""
    project = (PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8")
    declared = re.findall(
        r'"([A-Za-z0-9]+)>=', "".join(re.findall(r"^(?:dependencies|rich) = .*$", project, re.MULTILINE))
    )
    installed = {"acmewrap", *(DISTRIBUTIONS.get(name, name.lower()) for name in declared)}
    assert {"sh", "yaml", "jinja2", "rich"} <= installed

    def complaints(module: Path) -> Iterator[str]:
        for imported in imports(module):
            top = imported.name.split(".")[0]
            if imported.ever and top not in sys.stdlib_module_names | installed:
                yield f"line {imported.line}: imports {imported.name}"

    none_breaks(complaints)


def test_processes_are_started_in_one_module() -> None:
    def complaints(module: Path) -> Iterator[str]:
        name = dotted(module)
        if name not in MAY_IMPORT_SUBPROCESS and unit_of(name) != "testing":
            starts = (imported for imported in imports(module) if is_or_is_in(imported.name, "subprocess"))
            yield from (f"line {imported.line}: imports {imported.name}" for imported in starts)

    none_breaks(complaints)


def test_files_are_read_in_one_module() -> None:
    """Which waits for no FIFO and reads nothing without end: a bare ``open``, ``read_text`` or ``read_bytes`` would."""

    def complaints(module: Path) -> Iterator[str]:
        if dotted(module) == "system.reading" or unit_of(dotted(module)) == "testing":
            return
        for node in ast.walk(parsed(module)):
            if not isinstance(node, ast.Call):
                continue
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            whole = method in ("read_text", "read_bytes") and name_of(node.func).split(".")[0] not in READERS
            writes = any(isinstance(word, ast.Constant) and "w" in str(word.value) for word in node.args[1:])
            if whole or (name_of(node.func) in ("open", "io.open") and not writes):
                yield f"line {node.lineno}: reads a file by itself"

    none_breaks(complaints)


def test_only_the_command_line_prints_and_exits() -> None:
    def complaints(module: Path) -> Iterator[str]:
        ends_what_it_forks = dotted(module) == "system.privileges"
        if unit_of(dotted(module)) not in ("cli", "__main__") and not ends_what_it_forks:
            for node in ast.walk(parsed(module)):
                if isinstance(node, (ast.Name, ast.Attribute)) and name_of(node) in ENDS_OR_PRINTS:
                    yield f"line {node.lineno}: {name_of(node)}"

    none_breaks(complaints)


def test_a_module_can_be_read_in_one_sitting() -> None:
    def complaints(module: Path) -> Iterator[str]:
        count = len(module.read_text(encoding="utf-8").splitlines())
        if count > MOST_LINES:
            yield f"{count} lines"

    none_breaks(complaints)


def test_a_folder_can_be_taken_in_at_a_glance() -> None:
    counts = Counter(path.parent for path in modules() if path.name != "__init__.py")
    assert {folder: count for folder, count in counts.items() if count > MOST_MODULES} == {}


def test_the_tables_above_name_nothing_that_is_gone() -> None:
    present = {dotted(path) for path in modules()}
    named = {name for names in HEAVY.values() for name in names} | {*MAY_IMPORT_SUBPROCESS, *LIGHT}
    assert {pattern for pattern in named if not any(fnmatch(name, pattern) for name in present)} == set()
