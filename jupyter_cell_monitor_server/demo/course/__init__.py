"""The demo course: three notebooks that introduce Python, and where they lie in a home."""

import json
from pathlib import Path
from typing import Any

CLASS_ID = "python-intro"
NOTEBOOKS = ("01-hello", "02-conditions", "03-loops")

_HERE = Path(__file__).parent


def notebook_path(name: str) -> str:
    """Where the notebook `name` lies below a student's home."""
    return f"assignments/{CLASS_ID}/{name}/{name}.ipynb"


def load_notebook(name: str) -> dict[str, Any]:
    """The released notebook `name` as nbformat 4.5, each source one string.

    Raises `OSError` for an unknown name.
    """
    notebook: dict[str, Any] = json.loads(_source(name).read_text("utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def load_solutions() -> dict[str, str]:
    """A right answer for each solution cell, by its `grade_id`."""
    solutions: dict[str, str] = json.loads((_HERE / "solutions.json").read_text("utf-8"))
    return solutions


def copy_course(home: Path) -> list[Path]:
    """Copy the notebooks below `home` and return the new files.

    A file that is already there is the student's own and stays as it is.
    """
    copied = []
    for name in NOTEBOOKS:
        target = home / notebook_path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with target.open("xb") as file:
                file.write(_source(name).read_bytes())
        except FileExistsError:
            continue
        copied.append(target)
    return copied


def _source(name: str) -> Path:
    return _HERE / name / f"{name}.ipynb"
