"""`jupyter cell-monitor rebuild`: computes again what follows from the stored events."""

import sys

from .cli_store import parser, with_store
from .service.db.store import Store

_TEXT = """Compute again everything that follows from the stored events: notebooks, cells, progress,
error patterns, gaps. What students sent is not changed. It can be stopped with Ctrl+C and run
again at any time, also while the service runs; where all is in order it changes nothing."""
_WIDTH = 40


def main() -> None:
    """Rebuild the database that the service's settings name; exit code 1 where it is away."""
    options = parser("rebuild", _TEXT).parse_args()
    try:
        with_store(options, _rebuild)
    except KeyboardInterrupt:
        print("\nStopped. Run it again to go on; nothing is half done.", file=sys.stderr)
        raise SystemExit(130) from None
    print("Everything is rebuilt.")


async def _rebuild(store: Store) -> None:
    await store.rebuild(_report)
    print(file=sys.stderr)


def _report(done: int, total: int) -> None:
    filled = _WIDTH * done // total if total else _WIDTH
    bar = "#" * filled + "." * (_WIDTH - filled)
    print(f"\r[{bar}] {done}/{total}", end="", file=sys.stderr, flush=True)
