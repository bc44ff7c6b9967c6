"""The processes that a schedule kills and stops: started again, they go on from what they kept."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import psutil
from service.postgres import AS_POSTGRES, BIN, Cluster

from jupyter_cell_monitor_server.demo import processes

ROOT = Path(__file__).resolve().parents[2]
END_S = 10
# Where this process dies, so does the server: no test leaves one behind.
_WITH_PARENT = [*AS_POSTGRES, "--pdeathsig=TERM"] if AS_POSTGRES else []


class Actor(Protocol):
    """What a schedule can do to a part of the stack."""

    def kill(self) -> None:
        """End it at once, as `kill -9` and a power cut do."""

    def suspend(self) -> None:
        """Let it go on existing and do nothing."""

    def resume(self) -> None:
        """Let it go on; nothing where it runs or is dead."""

    @property
    def is_alive(self) -> bool:
        """Whether there is such a process."""


def environment(**own: str) -> dict[str, str]:
    """This process's variables without those of another Hub, and `own`."""
    foreign = ("JUPYTER", "CONFIGPROXY_", "CELL_MONITOR_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), *sys.path[1:]])
    return {**inherited, "PYTHONPATH": path, **own}


def send_to_all(process: psutil.Process | None, number: signal.Signals) -> None:
    """Send a signal to a process and all below it, the parent first; a kill is waited for."""
    if process is None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(number)
        while number is signal.SIGKILL and any(map(_lives, family)):
            time.sleep(0.005)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def guarded(folder: Path) -> subprocess.Popen[bytes]:
    """Have the folder's processes ended when this one ends or closes the guard's input."""
    return subprocess.Popen(
        [sys.executable, "-m", "faults.guard", str(folder)],
        env=environment(),
        cwd=ROOT / "tests",
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


class Process:
    """One of the stack's own processes and, unless it goes `alone`, all that it started."""

    def __init__(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        folder: Path,
        log: str,
        *,
        alone: bool = False,
    ) -> None:
        self.command = list(command)
        self._alone = alone
        self.variables = dict(variables)
        self.log = folder / log
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; does not wait until it answers."""
        self._process = processes.start(
            self.command, environment(**self.variables), self._folder, self.log
        )

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        self._send(signal.SIGKILL)
        self._collect()

    def suspend(self) -> None:
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        self._send(signal.SIGCONT)

    def end(self) -> None:
        """End it in order."""
        self.resume()
        if self.is_alive and self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_S)
        self.kill()

    def running(self) -> psutil.Process | None:
        """The process, if it runs."""
        if not self.is_alive or self._process is None:
            return None
        return psutil.Process(self._process.pid)

    def _send(self, number: signal.Signals) -> None:
        process = self.running()
        if process is not None and self._alone:
            process.send_signal(number)
        else:
            send_to_all(process, number)

    def _collect(self) -> None:
        if self._process is not None:
            self._process.wait(END_S)


class Database(Cluster):
    """A PostgreSQL server that is a child of this process, so that it can be killed whole."""

    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it recovers by itself from a kill."""
        options = ["-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        options += ["-c", "unix_socket_directories="]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_WITH_PARENT, str(BIN / "postgres"), "-D", str(self._data), *options],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        # The postmaster first: it would tidy up after its children.
        send_to_all(self._running(), signal.SIGKILL)
        if self._process is not None:
            self._process.wait(END_S)

    def suspend(self) -> None:
        send_to_all(self._running(), signal.SIGSTOP)

    def resume(self) -> None:
        send_to_all(self._running(), signal.SIGCONT)

    def _running(self) -> psutil.Process | None:
        return psutil.Process(self._process.pid) if self._process and self.is_alive else None


class UserServer:
    """A student's Jupyter server, which the Hub starts."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._folder = str(folder)

    @property
    def is_alive(self) -> bool:
        return self.running() is not None

    def running(self) -> psutil.Process | None:
        """The server's process, without its kernels."""
        for process in processes.of_demo(self._folder):
            with contextlib.suppress(psutil.Error):
                is_theirs = process.environ().get("JUPYTERHUB_USER") == self.name
                if is_theirs and "jupyterhub.singleuser" in process.cmdline():
                    return process
        return None

    def kill(self) -> None:
        send_to_all(self.running(), signal.SIGKILL)

    def suspend(self) -> None:
        send_to_all(self.running(), signal.SIGSTOP)

    def resume(self) -> None:
        send_to_all(self.running(), signal.SIGCONT)
