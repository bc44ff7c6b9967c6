"""The demo's data folder: its lock, its password, the homes in it."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .course import copy_course
from .people import STUDENTS
from .settings import DemoProblem

# No letters that look like others, so that it can be read from a projector.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_NEWS_SETTING = Path(
    ".jupyter/lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder and hold it for one demo; raises `DemoProblem` where another one has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise DemoProblem(
            f"The data folder {folder} cannot be used ({error.strerror}): "
            "choose another one with DATA_DIR."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoProblem(
                f"A demo is already running on {folder}: stop it, or choose another DATA_DIR."
            ) from error
        yield


def password(folder: Path) -> str:
    """The one password of this data folder, made at its first start; only the owner reads it."""
    path = folder / "password"
    if not path.exists():
        groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("-".join(groups) + "\n")
        part.rename(path)
    return path.read_text().strip()


def prepare_home(folder: Path, name: str) -> Path:
    """Make a person's home; a student gets the course, but never over their own work."""
    home = folder / "home" / name
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if name in STUDENTS:
        copy_course(home)
    news = home / _NEWS_SETTING
    if not news.exists():
        # Without it, Lab asks everybody at their first login whether it may fetch news.
        news.parent.mkdir(parents=True, exist_ok=True)
        news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    return home
