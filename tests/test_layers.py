"""The import rules, by the code's own syntax: which room may know what."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

NAME = "jupyter_cell_monitor_server"
PACKAGE = Path(__file__).resolve().parent.parent / NAME
MAX_FILE, MAX_TABLES, MAX_FUNCTION = 300, 500, 30

# From the bottom up: a room imports itself, and rooms that stand before it.
ROOMS = ("contract", "rules", "db", "bus", "announce", "use cases", "handlers", "app")
SERVICE_ROOMS = {
    "db": "db",
    "bus": "bus",
    "sinks": "bus",
    "handlers": "handlers",
    "announce": "announce",
    "writer": "use cases",
    "ingest": "use cases",
    "roster": "use cases",
    "readiness": "use cases",
    "auth": "use cases",
    "app": "app",
    "settings": "app",
    "shutdown": "app",
    "check": "app",
}
# A library, and the only modules that may import it.
KNOWN_TO = {
    "tornado": (
        "extension.",
        "service.handlers.",
        "service.auth",
        "service.app",
        "service.shutdown",
        "service.check",
    ),
    "sqlalchemy": ("service.db.",),
    "alembic": ("service.db.",),
    "aiosqlite": ("service.db.",),
    "asyncpg": ("service.db.",),
    "redis": ("service.bus.redis", "service.cache"),
    "prometheus_client": ("service.metrics",),
    "influxdb_client": ("service.sinks.influx",),
    "traitlets": ("extension.app", "service.settings", "hub", "demo."),
    "jupyterhub": (
        "service.auth",
        "service.handlers.base",
        "service.handlers.page",
        "hub",
        "demo.",
    ),
    "jupyter_server": ("extension.",),
}
# Why each may be longer.
LONGER = {
    "service/db/migrations/versions/0001_the_first_tables.py:upgrade": "one table after the other",
}


@dataclass(frozen=True)
class Module:
    """One file of the package."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


def modules(folder: Path = PACKAGE) -> Iterator[Module]:
    """All modules, by their names below the package."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield Module(name, path, ast.parse(path.read_text(encoding="utf-8")))


def imports(module: Module) -> Iterator[str]:
    """What a module imports, in full: `NAME.contract.events`, `tornado.web`."""
    package = module.name.split(".") if module.name else []
    if not module.is_package:
        package = package[:-1]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [NAME, *package][: len(package) + 2 - node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def room(name: str) -> str | None:
    """The room of a module; None outside contract and service."""
    parts = name.split(".")
    if parts[0] == "contract":
        return "contract"
    if parts[0] == "service" and len(parts) > 1:
        return SERVICE_ROOMS.get(parts[1], "rules")
    return None


def stands_above(inner: str, outer: str) -> bool:
    return ROOMS.index(outer) > ROOMS.index(inner)


def known(names: Iterable[str], imported: str) -> str | None:
    """The module of ours that an import names."""
    parts = imported.removeprefix(NAME + ".").split(".")
    for length in range(len(parts), 0, -1):
        if ".".join(parts[:length]) in names:
            return ".".join(parts[:length])
    return None


def violations(found: Sequence[Module]) -> list[str]:
    """Each import that breaks a rule."""
    names = {module.name for module in found}
    broken = []
    for module in found:
        for imported in imports(module):
            if imported.split(".")[0] != NAME:
                broken += library_violations(module.name, imported)
                continue
            target = known(names, imported)
            if target is not None:
                broken += room_violations(module.name, target)
    return sorted(set(broken))


def library_violations(name: str, imported: str) -> list[str]:
    library = imported.partition(".")[0]
    allowed = KNOWN_TO.get(library)
    if allowed is None or f"{name}.".startswith(tuple(a.rstrip(".") + "." for a in allowed)):
        return []
    return [f"{name} knows {library}"]


def room_violations(name: str, target: str) -> list[str]:
    sides = {name.partition(".")[0], target.partition(".")[0]}
    if sides == {"extension", "service"}:
        return [f"{name} imports {target}"]
    inner, outer = room(name), room(target)
    if inner == "contract" and not target.startswith("contract"):
        return [f"{name} imports {target}"]
    if inner is None or outer is None or not stands_above(inner, outer):
        return []
    return [f"{name} ({inner}) imports {target} ({outer})"]


def too_long(folder: Path = PACKAGE) -> list[str]:
    """Files and functions that hold more lines than one can see at once."""
    found = []
    for module in modules(folder):
        where = module.path.relative_to(folder).as_posix()
        lines = len(module.path.read_text(encoding="utf-8").splitlines())
        if lines > (MAX_TABLES if module.path.name == "tables.py" else MAX_FILE):
            found.append(f"{where}: {lines} lines")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > MAX_FUNCTION and f"{where}:{node.name}" not in LONGER:
                    found.append(f"{where}:{node.name}: {length} lines")
    return found


def test_imports_point_one_way() -> None:
    """From the contract up to the application; each library is known where it belongs only."""
    assert violations(list(modules())) == []


def test_files_and_functions_are_short() -> None:
    """Up to 300 lines a file, 30 a function; exceptions are explained above."""
    assert too_long() == []


def test_every_exception_is_still_needed() -> None:
    """One that is not is taken out."""
    for place in LONGER:
        path, function = place.split(":")
        tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
        assert function in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}


@pytest.fixture(scope="module")
def ours() -> list[Module]:
    return list(modules())


PLANTED = [
    ("contract/events.py", "from ..service import ids"),
    ("contract/events.py", "import jupyter_cell_monitor_server.service.clock"),
    ("service/ids.py", "from .db import tables"),
    ("service/ids.py", "from .db.tables import students"),
    ("service/ids.py", "import sqlalchemy.orm"),
    ("service/db/tables.py", "from ..handlers.base import State"),
    ("service/db/tables.py", "from ..writer import Writer"),
    ("service/db/tables.py", "from .. import announce"),
    ("service/writer.py", "from tornado import web"),
    ("service/writer.py", "from .handlers import base"),
    ("service/announce.py", "from .writer import Writer"),
    ("service/handlers/ws.py", "from ..app import CellMonitorService"),
    ("service/handlers/ws.py", "from sqlalchemy import select"),
    ("service/handlers/ws.py", "import jupyterhub"),
    ("service/ids.py", "def f():\n    import tornado.web"),
    ("service/people.py", "from traitlets import Unicode"),
    ("service/app.py", "from traitlets import Unicode"),
    ("service/auth.py", "from .settings import Settings"),
    ("service/app.py", "from ..extension import app"),
    ("extension/app.py", "from jupyter_cell_monitor_server.service import clock"),
    ("extension/app.py", "import redis"),
]


@pytest.mark.parametrize(("path", "line"), PLANTED)
def test_a_planted_import_is_found(ours: list[Module], path: str, line: str) -> None:
    """So that the rules can fail."""
    name = path.removesuffix(".py").replace("/", ".")
    source = (PACKAGE / path).read_text(encoding="utf-8")
    planted = Module(name, PACKAGE / path, ast.parse(f"{source}\n{line}\n"))
    found = violations([planted if module.name == name else module for module in ours])
    assert found
    assert all(broken.startswith(name) for broken in found)


def test_a_planted_long_function_is_found(tmp_path: Path) -> None:
    """And a long file; their limits themselves are allowed."""
    body = "\n".join(["    x = 1"] * 29)
    (tmp_path / "a.py").write_text(f"def fits():\n{body}\n")
    (tmp_path / "b.py").write_text(f"async def long():\n{body}\n    x = 1\n")
    (tmp_path / "c.py").write_text("x = 1\n" * 300)
    (tmp_path / "d.py").write_text("x = 1\n" * 301)
    assert too_long(tmp_path) == ["b.py:long: 31 lines", "d.py: 301 lines"]
