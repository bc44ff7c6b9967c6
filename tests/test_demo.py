"""The demo: who gets in, what they find, and that nothing is left when it ends."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_process import (
    DemoProcess,
    ask,
    demo_command,
    kernel_of,
    server_token,
    wait_until,
)

from jupyter_cell_monitor_server.demo.data_dir import password, prepare_home
from jupyter_cell_monitor_server.demo.people import GROUPS

NOTEBOOK = "assignments/python-intro/01-hello/01-hello.ipynb"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    with DemoProcess(tmp_path_factory.mktemp("demo") / "data") as running:
        yield running


def test_a_student_finds_the_course_in_their_home(demo: DemoProcess) -> None:
    student = demo.person()
    assert student.log_in("student-01", demo.password).status_code == 302
    student.start_server("student-01")
    assert (demo.folder / "home/student-01" / NOTEBOOK).is_file()


def test_a_teachers_server_token_reaches_the_service_but_never_teaches(demo: DemoProcess) -> None:
    teacher = demo.person()
    teacher.log_in("sensei", demo.password)
    teacher.start_server("sensei")
    token = server_token(demo, "sensei")
    api = f"{demo.url}services/cell-monitor/api/v1/"
    assert ask(f"{api}me", token).status_code == 200
    assert ask(f"{api}classes", token).status_code == 403
    scopes = ask(f"{demo.url}hub/api/user", token).json()["scopes"]
    assert not [scope for scope in scopes if scope.startswith("custom:")]


@pytest.mark.parametrize("name", ["root", "nobody", "student-41", "admin"])
def test_no_other_name_gets_in(demo: DemoProcess, name: str) -> None:
    assert demo.person().log_in(name, demo.password).status_code == 403


def test_a_wrong_password_does_not_get_in(demo: DemoProcess) -> None:
    assert demo.person().log_in("sensei", "student-01").status_code == 403


def test_nothing_of_it_listens_beyond_loopback(demo: DemoProcess) -> None:
    addresses = {
        connection.laddr.ip
        for process in demo.processes()
        for connection in process.net_connections("inet")
        if connection.status == "LISTEN"
    }
    assert addresses == {"127.0.0.1"}


def test_the_password_is_random_for_each_folder_and_only_its_owner_reads_it(
    demo: DemoProcess, tmp_path: Path
) -> None:
    file = demo.folder / "password"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() == demo.password == password(demo.folder)
    assert password(tmp_path) != demo.password


def test_a_busy_port_is_one_sentence(demo: DemoProcess, tmp_path: Path) -> None:
    done = _start(tmp_path, demo.port)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {demo.port} is in use already")
    assert done.stderr.count("\n") == 1


def test_a_data_folder_in_use_is_one_sentence(demo: DemoProcess) -> None:
    done = _start(demo.folder, demo.port)
    assert done.returncode == 1
    assert done.stderr == (
        f"A demo is already running on {demo.folder}: stop it, or choose another DATA_DIR.\n"
    )


def test_a_port_that_is_none_is_said_so(tmp_path: Path) -> None:
    done = _start(tmp_path, 80000)
    assert done.returncode == 2
    assert done.stderr == "argument --port: must be a number from 1 to 65535, not '80000'\n"


def test_groups_make_the_classes() -> None:
    assert GROUPS["formgrade-python-intro"] == ["sensei"]
    assert GROUPS["formgrade-statistics"] == ["kocho"]
    assert len(GROUPS["nbgrader-python-intro"]) == 40


def test_a_students_work_is_never_overwritten(tmp_path: Path) -> None:
    notebook = prepare_home(tmp_path, "student-01") / NOTEBOOK
    notebook.write_text("what the student wrote")
    prepare_home(tmp_path, "student-01")
    assert notebook.read_text() == "what the student wrote"


def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "data") as demo:
        student = demo.person()
        student.log_in("student-02", demo.password)
        student.start_server("student-02")
        kernel = kernel_of(demo, "student-02")
        start = time.monotonic()
        assert demo.end(signal.SIGINT) == 0
        assert time.monotonic() - start < 80
        assert not demo.processes()
        assert not kernel.is_running()


def test_a_second_start_goes_on_with_the_same_data(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "data") as first:
        secret = first.password
        assert first.end(signal.SIGTERM) == 0
        assert not first.processes()
    with DemoProcess(tmp_path / "data") as second:
        assert second.password == secret
        assert second.person().log_in("student-03", secret).status_code == 302


def test_it_starts_again_after_its_launcher_was_killed(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "data") as first:
        student = first.person()
        student.log_in("student-04", first.password)
        student.start_server("student-04")
        left_over = {process.pid for process in first.processes()}
        first.end(signal.SIGKILL)
    with DemoProcess(tmp_path / "data") as second:
        assert not left_over & {process.pid for process in second.processes()}


def test_it_ends_when_its_hub_does(tmp_path: Path) -> None:
    with DemoProcess(tmp_path / "data") as demo:
        (hub,) = (one for one in demo.processes() if "jupyterhub" in one.cmdline())
        hub.kill()
        wait_until(demo.ended, "the launcher's end")
        assert demo.process.returncode == 1
        assert "JupyterHub ended by itself" in demo.said()
        assert not demo.processes()


def _start(folder: Path, port: int) -> subprocess.CompletedProcess[str]:
    command = demo_command(folder, port)
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
