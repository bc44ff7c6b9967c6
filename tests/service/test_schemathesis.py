"""schemathesis, an independent judge, asks the real service what its OpenAPI document allows.

With all its checks, as a student, a teacher, a teacher of another class and nobody.
`CELL_MONITOR_FUZZ_EXAMPLES=500 pytest tests/service/test_schemathesis.py` looks longer.
"""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .app import serving
from .database import Database
from .made import end, failed, opened, start

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = int(os.environ.get("CELL_MONITOR_FUZZ_EXAMPLES", "8"))
SEED = 3


@contextmanager
def served(url: str, folder: Path) -> Iterator[str]:
    """The service's address; it runs in a thread of its own, for the judge's requests block."""
    ready: list[str] = []
    is_ready, loop = threading.Event(), asyncio.new_event_loop()
    is_over = asyncio.Event()

    async def run() -> None:
        database = Database(url)
        async with serving(database, folder) as service:
            await service.post(opened(), start(), failed(), start("ai", "2"), end("ai", "2"))
            ready.append(service.url)
            is_ready.set()
            await is_over.wait()
        await database.close()

    def run_and_say() -> None:
        try:
            loop.run_until_complete(run())
        finally:
            is_ready.set()

    thread = threading.Thread(target=run_and_say)
    thread.start()
    is_ready.wait()
    try:
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join()
        loop.close()


def judged(address: str, who: str | None, *, is_whole: bool) -> subprocess.CompletedProcess[str]:
    """What schemathesis says of the service at this address, asked with somebody's token."""
    login = ["-H", f"Authorization: token {who}"] if who else []
    program = Path(sys.executable).with_name("schemathesis")
    config = Path(__file__).with_name("schemathesis.toml")
    command = [str(program), "--config-file", str(config), "run", f"{address}api/v1/openapi.json"]
    # The systematic phase takes longest; what it finds does not hang on whose class it is.
    phases = "examples,coverage,fuzzing,stateful" if is_whole else "examples,fuzzing,stateful"
    bounds = ["--phases", phases, "--seed", str(SEED), "-n", str(EXAMPLES), "--continue-on-failure"]
    quiet = ["--no-color", "--output-truncate", "true", "--generation-database", "none"]
    return subprocess.run(
        [*command, "-c", "all", *bounds, *quiet, *login],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("who", "database"),
    [("ai", "postgres"), ("sensei", "postgres"), ("kocho", "sqlite"), (None, "sqlite")],
)
def test_the_service_does_what_its_document_says(
    who: str | None, database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Whoever asks, and whatever: no failure of any check, no error of the service."""
    url = str(request.getfixturevalue(f"{database}_url"))
    with served(url, tmp_path) as address:
        done = judged(address, who, is_whole=database == "postgres" or EXAMPLES > 8)
    assert done.returncode == 0, done.stdout
    assert "generated" in done.stdout
