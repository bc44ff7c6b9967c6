"""`jupyter cell-monitor demo`: what it is started with, and what it tells the person."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

from . import processes
from .data_dir import locked, password
from .people import STUDENTS, TEACHERS
from .running import Demo, Ended
from .settings import DemoProblem, Settings

LEFTOVER_PATIENCE_S = 10.0


def main() -> None:
    """Run the demo until Ctrl-C; exit code 1 and one sentence where it cannot."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    arguments = _parse()
    folder = Path(os.path.realpath(arguments.data_dir))
    os.umask(0o077)
    processes.adopt_orphans()
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ending.set())
    try:
        with locked(folder):
            _run(folder, arguments, ending)
    except DemoProblem as problem:
        raise SystemExit(str(problem)) from None


def _run(folder: Path, arguments: argparse.Namespace, ending: threading.Event) -> None:
    if processes.of_demo(str(folder)):
        _say("Ending what an earlier demo left running …")
        processes.end_all(str(folder), LEFTOVER_PATIENCE_S)
    processes.check_port(arguments.port)
    ports = processes.free_ports(3)
    settings = Settings(str(folder), arguments.port, arguments.students, *ports)
    secret = password(folder)
    demo = Demo(settings, _say, ending)
    try:
        demo.start()
        _say(_welcome(settings, secret))
        demo.watch()
    except Ended:
        _say("\nEnding the demo …")
    finally:
        demo.end()
    _say(f"Ended. The data stays in {folder}.")


def _welcome(settings: Settings, secret: str) -> str:
    teachers = ", ".join(f"{name} ({class_id})" for name, class_id in TEACHERS.items())
    return f"""
The class is open. 授業を始められます。
  Students / 学生       {settings.url}
  Teachers / 教員       {settings.service_url}
  Names / ユーザー名    {STUDENTS[0]} … {STUDENTS[-1]}; {teachers}
  Password / パスワード {secret}   (for all; also in {settings.folder / "password"})
Ctrl-C ends it. 終了するには Ctrl-C を押してください。
"""


def _say(text: str) -> None:
    print(text, flush=True)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong alone, without the lines of usage before it."""
        self.exit(2, f"{message}\n")


def _parse() -> argparse.Namespace:
    parser = _Parser(prog="jupyter cell-monitor demo", description=main.__doc__)
    parser.add_argument("--port", type=_port, default=8000, help="port of the Hub (8000)")
    parser.add_argument(
        "--data-dir", default="demo-data", help="folder of homes and databases (./demo-data)"
    )
    parser.add_argument(
        "--students",
        type=_students,
        default=0,
        help=f"how many simulated students work (0, at most {len(STUDENTS)})",
    )
    return parser.parse_args()


def _port(text: str) -> int:
    return _number(text, 1, 65535)


def _students(text: str) -> int:
    return _number(text, 0, len(STUDENTS))


def _number(text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"must be a number from {least} to {most}, not {text!r}")
    return int(text)
