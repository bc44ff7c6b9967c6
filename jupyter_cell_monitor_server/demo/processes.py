"""The demo's processes: started so that none outlives it, and found by their mark to be ended."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil

from .settings import HOST, MARK_VARIABLE, DemoProblem

# From Linux's <sys/prctl.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def start(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
) -> subprocess.Popen[bytes]:
    """Start a process whose output goes to `log`, and that ends when this one is killed."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # The terminal's Ctrl-C reaches the launcher alone, which then ends all in order.
            start_new_session=True,
            # The launcher has one thread, so that nothing of another's is held here.
            preexec_fn=_end_with_parent,  # noqa: PLW1509
        )


def adopt_orphans() -> None:
    """Make this process the parent of those whose parent ends, such as a server's kernels."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _end_with_parent() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value)


def of_demo(folder: str) -> list[psutil.Process]:
    """The running processes that belong to the demo of this data folder, without this one."""
    return [process for process in psutil.process_iter() if _belongs(process, folder)]


def _belongs(process: psutil.Process, folder: str) -> bool:
    try:
        marked = process.pid != os.getpid() and process.environ().get(MARK_VARIABLE) == folder
        return bool(marked and process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.Error, OSError):
        return False


def end_all(folder: str, patience_s: float) -> None:
    """Ask the demo's processes to end, and end those that have not after `patience_s` seconds."""
    for stop in (psutil.Process.terminate, psutil.Process.kill):
        processes = of_demo(folder)
        for process in processes:
            try:
                stop(process)
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(processes, timeout=patience_s)
    _reap_orphans()


def _reap_orphans() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def check_port(port: int) -> None:
    """Raises `DemoProblem` unless the demo can listen on this port of loopback."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except PermissionError as error:
            raise DemoProblem(f"Only root may use port {port}: choose another PORT.") from error
        except OSError as error:
            raise DemoProblem(
                f"Port {port} is in use already: stop what uses it, or choose another PORT "
                f"(make demo PORT={port + 1})."
            ) from error


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nothing listens on."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]
