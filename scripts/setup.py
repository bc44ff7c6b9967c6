"""Sets up `.venv` for `make`: what is there and current is left alone, the rest is installed.

`python3 scripts/setup.py demo` for the demo, `… test` for the checks. Needs Python's own library
only. What the installers print goes to `.venv/setup.log`.
"""

from __future__ import annotations  # so that an older Python reads on to what it is told

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = VENV / "setup.log"
LABEXTENSION = ROOT / "jupyter_cell_monitor_server" / "labextension"
LINK = VENV / "share" / "jupyter" / "labextensions" / "jupyter-cell-monitor"
PIP = (PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--retries", "2")
NO_NETWORK = re.compile(
    r"NewConnectionError|ConnectTimeout|name resolution|NameResolutionError|Network is unreachable"
    r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT"
)
# What hatch_build.py says itself, between the lines of the tools that it runs.
OWN_LINE = re.compile(r"(Building|Installing) .*(labextension|teacher-page)$")
# Debian's packages for the tests: what shows that each is there.
DEBIAN = {
    "chromium": "/usr/bin/chromium",
    "redis-server": "/usr/bin/redis-server",
    "postgresql": "/usr/lib/postgresql/*/bin/initdb",
    "victoria-metrics": "/usr/bin/victoria-metrics",
    "fonts-ipafont-gothic": "/usr/share/fonts/*/ipafont-gothic",
    "strace": "/usr/bin/strace",
}


def main(arguments: Sequence[str]) -> None:
    """Set up for `demo` or for `test`; ends with one sentence where that fails."""
    if list(arguments) not in (["demo"], ["test"]):
        raise SystemExit(__doc__)
    purpose = arguments[0]
    with one_at_a_time():
        set_up(purpose)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait until no other set-up works in this folder."""
    with Path(__file__).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another set-up in this folder")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(purpose: str) -> None:
    """Install what is missing for `demo` or `test`."""
    if purpose == "test":
        install_debian_packages()
    make_venv()
    install_tools()
    build_frontends(purpose)
    install_package(purpose)


def install_debian_packages() -> None:
    """Install what the tests start; where that needs root's rights, say what to install."""
    missing = [name for name, path in DEBIAN.items() if not any(Path("/").glob(path[1:]))]
    if not missing:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SystemExit(f"The tests need programs of Debian; as root: {' '.join(command)}")
    say(f"Installing Debian's {', '.join(missing)}")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    LOG.parent.mkdir(exist_ok=True)
    run("Updating Debian's list of packages", ["apt-get", "update"])
    run("Installing Debian's packages", command)


def make_venv() -> None:
    """Make `.venv`, also where the Python that it was made with is gone."""
    if works([PYTHON, "-m", "pip", "--version"]):
        return
    if not works([sys.executable, "-c", "import ensurepip, venv"]):
        raise SystemExit(
            "Python's venv module is missing; on Debian, as root: apt-get install python3-venv"
        )
    say("Making .venv")
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False)
    if done.returncode:
        raise SystemExit(f"Making {VENV} failed: see the lines above.")


def install_tools() -> None:
    """Install what builds the package, Node among it."""
    import tomllib  # noqa: PLC0415  # not there in the Python that is too old

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    tools = [
        *project["build-system"]["requires"],
        *project["tool"]["hatch"]["build"]["hooks"]["custom"]["node"],
        "editables",
    ]
    stamp = Stamp("tools", " ".join(tools))
    if not stamp.is_current():
        say("Installing the build tools, Node among them")
        run("Installing the build tools", [*PIP, *tools])
        stamp.write()


def build_frontends(purpose: str) -> None:
    """Build the labextension and the teacher page where their sources changed."""
    steps = ["install", "build"] if purpose == "test" else ["build"]
    for step in steps:
        run("Building the browser parts", [PYTHON, "hatch_build.py", step], shown=True)


def install_package(purpose: str) -> None:
    """Install this package, as a link to its sources, with what `purpose` needs."""
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    stamp, complete = Stamp(purpose, project), Stamp("test", project)
    if not stamp.is_current() and not complete.is_current():
        say("Installing the Python packages (a minute or more)")
        package = f"{ROOT}[{purpose}]"
        run("Installing the Python packages", [*PIP, "--no-build-isolation", "-e", package])
        stamp.write()
    if LINK.resolve() != LABEXTENSION.resolve():
        LINK.parent.mkdir(parents=True, exist_ok=True)
        if LINK.is_symlink():
            LINK.unlink()
        shutil.rmtree(LINK, ignore_errors=True)
        LINK.symlink_to(os.path.relpath(LABEXTENSION, LINK.parent))


class Stamp:
    """Remembers in `.venv` that something was installed, and from what."""

    def __init__(self, name: str, made_from: str) -> None:
        self._path = VENV / "setup" / name
        self._digest = hashlib.sha256(f"{sys.version}\n{made_from}".encode()).hexdigest()

    def is_current(self) -> bool:
        """Whether the same was installed before."""
        return self._path.exists() and self._path.read_text("utf-8") == self._digest

    def write(self) -> None:
        """Remember it."""
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(self._digest, "utf-8")


def run(what: str, command: Sequence[object], *, shown: bool = False) -> None:
    """Run an installer; raises SystemExit with one sentence where it fails."""
    with LOG.open("w", encoding="utf-8") as log:
        returncode = follow(command, log, shown=shown)
    if returncode:
        if NO_NETWORK.search(LOG.read_text("utf-8")):
            raise SystemExit(
                f"{what} failed, since nothing can be downloaded: is this machine connected? "
                f"(see {LOG})"
            )
        raise SystemExit(f"{what} failed: see {LOG}")


def follow(command: Sequence[object], log: TextIO, *, shown: bool) -> int:
    """Run a command into `log`; with `shown`, pass on what hatch_build.py says. The exit code."""
    words = [str(word) for word in command]
    with subprocess.Popen(
        words,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            log.write(line)
            if shown and OWN_LINE.match(line):
                say(line.strip())
    return process.returncode


def works(command: Sequence[object]) -> bool:
    """Whether a command exists and succeeds."""
    words = [str(word) for word in command]
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def say(text: str) -> None:
    """Tell what goes on."""
    print(f"{text} …", flush=True)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036  # the reader's Python may be older
        sys.exit("Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3")
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
