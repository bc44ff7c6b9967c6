"""Runs the project's checks one after the other and ends with one line for each.

`python scripts/check.py` runs all; `… lint` those that run no tests. The exit code is 1 where any
failed. Set up with `scripts/setup.py test` before.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable


def _script(folder: str, name: str) -> list[str]:
    return [PYTHON, "hatch_build.py", "run", folder, name]


LINT = {
    "ruff check": [PYTHON, "-m", "ruff", "check", "."],
    "ruff format": [PYTHON, "-m", "ruff", "format", "--check", "."],
    "mypy --strict": [PYTHON, "-m", "mypy"],
    "eslint (lab)": _script("labextension", "lint:check"),
    "eslint (page)": _script("teacher-page", "lint"),
    "prettier (lab)": _script("labextension", "prettier:check"),
    "prettier (page)": _script("teacher-page", "prettier:check"),
    "tsc (lab)": _script("labextension", "typecheck"),
    "tsc (page)": _script("teacher-page", "typecheck"),
}
TESTS = {
    "jest (lab)": _script("labextension", "test"),
    "vitest (page)": _script("teacher-page", "test"),
    # Last, so that what it says of each test stays in sight.
    "pytest": [PYTHON, "-m", "pytest"],
}


def main(arguments: Sequence[str]) -> int:
    """Run the checks; the exit code."""
    parts = LINT if "lint" in arguments else LINT | TESTS
    lines, failed = [], False
    for name, command in parts.items():
        print(f"── {name}", flush=True)
        start = time.monotonic()
        returncode = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False
        ).returncode
        seconds = time.monotonic() - start
        failed = failed or returncode != 0
        lines.append(f"{name:<16} {'FAILED' if returncode else 'ok':<6} {seconds:6.1f} s")
    print("\n" + "\n".join(lines), flush=True)
    return int(failed)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
