"""The wheel and the sdist: what is in them, that they install, and that extras stay extras."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LABEXTENSION = "data/share/jupyter/labextensions/jupyter-cell-monitor"
SERVER_CONFIG = "data/etc/jupyter/jupyter_server_config.d/jupyter_cell_monitor_server.json"
STORES = ["asyncpg", "redis", "influxdb_client"]
HUB = ["jupyterhub", "sqlalchemy", "aiosqlite", "alembic"]


def run(command: Sequence[object], **environment: str) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(
        words,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel that is built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    # The sdist holds the built parts, so that a Node that cannot be found is not missed.
    build = [sys.executable, "-m", "build", "--no-isolation", "--skip-dependency-check"]
    done = run([*build, "--outdir", folder, ROOT])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Building labextension" not in done.stdout.partition("Building wheel")[2]
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def installed(archives: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel, and beside it what the tests run in."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index"]
    done = run([*pip, archives[1]])
    assert done.returncode == 0, done.stderr
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "tests.pth").write_text(sysconfig.get_path("purelib"))
    return python


def test_the_wheel_holds_all_parts_and_nothing_else(archives: tuple[Path, Path]) -> None:
    names = zipfile.ZipFile(archives[1]).namelist()
    data = {name.partition(".data/")[2] for name in names}
    assert {f"{LABEXTENSION}/package.json", f"{LABEXTENSION}/install.json", SERVER_CONFIG} <= data
    assert any(name.startswith(f"{LABEXTENSION}/static/remoteEntry") for name in data)
    package = "jupyter_cell_monitor_server"
    assert f"{package}/service/page/index.html" in names
    assert f"{package}/service/db/migrations/script.py.mako" in names
    assert f"{package}/locale/ja_JP/LC_MESSAGES/jupyter_cell_monitor.json" in names
    assert f"{package}/demo/course/01-hello/01-hello.ipynb" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {package}


def test_the_sdist_holds_sources_and_what_is_built_from_them(archives: tuple[Path, Path]) -> None:
    with tarfile.open(archives[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"labextension/yarn.lock", "teacher-page/package-lock.json", "hatch_build.py"} <= names
    assert "jupyter_cell_monitor_server/labextension/package.json" in names
    assert "jupyter_cell_monitor_server/service/page/index.html" in names
    assert not [name for name in names if "node_modules" in name or "demo-data" in name]


def test_both_extensions_are_enabled_on_install(installed: Path) -> None:
    server = _listed(installed, "jupyter_server.serverapp", "extension")
    assert "jupyter_cell_monitor_server enabled" in server
    assert "jupyter_cell_monitor_server 0.1.0 OK" in server
    lab = _listed(installed, "jupyterlab.labextensions")
    assert "jupyter-cell-monitor v0.1.0 enabled OK (python, jupyter_cell_monitor_server)" in lab


def test_the_command_is_installed(installed: Path) -> None:
    done = run([installed.with_name("jupyter-cell-monitor"), "--help"])
    assert done.returncode == 0
    assert "upgrade-db" in done.stdout


@pytest.mark.parametrize(
    ("missing", "statement"),
    [
        (HUB + STORES, "from jupyter_cell_monitor_server import cli, extension"),
        (
            HUB + STORES,
            "import jupyter_cell_monitor_server as package; "
            "package._jupyter_server_extension_points(); package._jupyter_labextension_paths()",
        ),
        (STORES, "import jupyter_cell_monitor_server.service.app"),
        (STORES, "import jupyter_cell_monitor_server.hub"),
    ],
)
def test_nothing_imports_an_extra_that_it_does_not_need(missing: list[str], statement: str) -> None:
    done = run([sys.executable, "-c", f"{_without(missing)}; {statement}"])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("command", "extra"), [("service", "hub"), ("upgrade-db", "hub"), ("check", "hub")]
)
def test_a_command_without_its_extra_says_which_one_to_install(command: str, extra: str) -> None:
    code = f"import sys; sys.argv[1:] = [{command!r}]"
    code = f"{_without(HUB)}; {code}; from jupyter_cell_monitor_server.cli import main; main()"
    done = run([sys.executable, "-c", code])
    assert done.returncode == 1
    assert done.stderr.startswith(f"`jupyter cell-monitor {command}` needs ")
    assert f"pip install 'jupyter-cell-monitor-server[{extra}]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_unknown_command_is_said_so() -> None:
    done = run([sys.executable, "-m", "jupyter_cell_monitor_server.cli", "nonsense"])
    assert done.returncode == 1
    assert "There is no subcommand 'nonsense'" in done.stderr


def _without(modules: list[str]) -> str:
    return f"import sys; sys.modules.update(dict.fromkeys({modules}))"


def _listed(python: Path, module: str, *words: str) -> str:
    """What `jupyter … list` says, without its colours."""
    done = run([python, "-c", f"from {module} import main; main()", *words, "list"])
    return re.sub(r"\x1b\[\d+m", "", done.stdout + done.stderr)
