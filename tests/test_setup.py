"""What `make` does before and around the checks: sets up, and tells what failed."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"scripts_{name}", SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load("setup")
    monkeypatch.setattr(module, "VENV", tmp_path)
    monkeypatch.setattr(module, "LOG", tmp_path / "setup.log")
    monkeypatch.setattr(module, "DEBIAN", {"here": "/bin/sh", "redis-server": "/no/such/redis"})
    return module


def fake_apt_get(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    calls = folder / "calls"
    program = folder / "apt-get"
    program.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return calls


def test_root_gets_the_missing_debian_packages(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = fake_apt_get(tmp_path, monkeypatch)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    setup.install_debian_packages()
    assert calls.read_text().splitlines() == [
        "update",
        "install -y --no-install-recommends redis-server",
    ]


def test_somebody_else_is_told_exactly_what_to_install(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = fake_apt_get(tmp_path, monkeypatch)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match=r"apt-get install -y .* redis-server$"):
        setup.install_debian_packages()
    assert not calls.exists()


def test_a_missing_network_is_told_from_another_failure(setup: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"Fetching failed, since nothing can be downloaded"):
        setup.run("Fetching", ["sh", "-c", "echo getaddrinfo ENOTFOUND somewhere; exit 1"])
    with pytest.raises(SystemExit, match=r"^Building failed: see .*setup\.log$"):
        setup.run("Building", ["sh", "-c", "echo syntax error >&2; exit 1"])
    assert setup.LOG.read_text() == "syntax error\n"


def test_what_was_installed_counts_until_its_origin_changes(setup: ModuleType) -> None:
    setup.Stamp("tools", "hatchling").write()
    assert setup.Stamp("tools", "hatchling").is_current()
    assert not setup.Stamp("tools", "hatchling>=2").is_current()
    assert not setup.Stamp("demo", "hatchling").is_current()


def test_every_check_runs_and_has_its_line_though_one_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check = load("check")
    monkeypatch.setattr(check, "LINT", {"first": ["false"], "second": ["true"]})
    monkeypatch.setattr(check, "TESTS", {"third": ["true"]})
    assert check.main([]) == 1
    ends = [line.split()[:2] for line in capsys.readouterr().out.splitlines()[-3:]]
    assert ends == [["first", "FAILED"], ["second", "ok"], ["third", "ok"]]
    assert check.main(["lint"]) == 1
    monkeypatch.setattr(check, "LINT", {"second": ["true"]})
    assert check.main(["lint"]) == 0


def test_help_names_every_target() -> None:
    done = subprocess.run(
        ["make", "help"], cwd=SCRIPTS.parent, capture_output=True, text=True, check=True
    )
    for target in ("demo", "test", "lint", "bench", "clean", "clean-data"):
        assert f"make {target}" in done.stdout


def test_a_data_folder_that_is_none_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")
    command = ["make", "clean-data", f"DATA_DIR={tmp_path}", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=SCRIPTS.parent, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert (tmp_path / "thesis.txt").exists()
