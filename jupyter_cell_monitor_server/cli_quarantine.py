"""`jupyter cell-monitor quarantine`: events that could not be stored, for the administrator."""

import argparse
import sys
import uuid
from collections.abc import Sequence

from .cli_store import parser, with_store
from .service.db.quarantine import Aside
from .service.db.store import Store

_TEXT = """Events that could not be stored are kept with their bytes and the reason. List and show
them, store them again when the cause is gone, or delete them."""
_EXIT = "Exit code: 0 done, 1 something was not found or not stored, 2 wrong arguments."


def main() -> None:
    """List, show, replay or delete what was put aside."""
    options = _parser().parse_args()
    raise SystemExit(with_store(options, lambda store: options.run(store, options)))


def _parser() -> argparse.ArgumentParser:
    found = parser("quarantine", f"{_TEXT} {_EXIT}")
    actions = found.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="newest first: id, student, time, bytes, reason")
    listing.add_argument("--student", metavar="NAME", help="only this student's")
    listing.add_argument("--limit", type=_count, default=50, help="how many at most (default: 50)")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="write one event as it came to the standard output")
    show.add_argument("id", type=_id)
    show.set_defaults(run=_show)
    replay = actions.add_parser("replay", help="store again; what is stored leaves the quarantine")
    _add_choice(replay)
    replay.set_defaults(run=_replay)
    delete = actions.add_parser("delete", help="delete for good")
    _add_choice(delete)
    delete.add_argument("--yes", action="store_true", help="do not ask")
    delete.set_defaults(run=_delete)
    return found


def _add_choice(action: argparse.ArgumentParser) -> None:
    choice = action.add_mutually_exclusive_group(required=True)
    choice.add_argument("id", type=_id, nargs="*", default=[], help="ids as `list` shows them")
    choice.add_argument("--all", action="store_true", help="all that there are")


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no id; `list` shows them") from None


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


async def _list(store: Store, options: argparse.Namespace) -> int:
    found = await store.list_aside(options.student, options.limit)
    for item in found:
        print(_line(item))
    if not found:
        print("The quarantine is empty.", file=sys.stderr)
    return 0


def _line(item: Aside) -> str:
    when = item.received_at.isoformat(" ", "seconds")
    # A terminal must not obey what a student wrote into a name.
    return (
        f"{item.event_id}  {_plain(item.student_id)}  {when}  {item.size_bytes} bytes  "
        + _plain(item.reason)
    )


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


async def _show(store: Store, options: argparse.Namespace) -> int:
    found = await store.aside(options.id)
    if found is None:
        return _missing(options.id)
    sys.stdout.buffer.write(found[1])
    sys.stdout.buffer.flush()
    return 0


async def _replay(store: Store, options: argparse.Namespace) -> int:
    failed = 0
    for event_id in await _chosen(store, options):
        found = await store.aside(event_id)
        if found is None:
            failed += _missing(event_id)
            continue
        reason = await store.replay(event_id, *found)
        if reason is None:
            print(f"{event_id}  stored")
        else:
            failed += 1
            print(f"{event_id}  not stored: {_plain(reason)}", file=sys.stderr)
    return 1 if failed else 0


async def _delete(store: Store, options: argparse.Namespace) -> int:
    chosen = await _chosen(store, options)
    if not options.yes and not _is_sure(len(chosen)):
        print("Nothing is deleted.", file=sys.stderr)
        return 1
    deleted = await store.delete_aside(chosen)
    print(f"{deleted} deleted")
    return 0 if deleted == len(chosen) else 1


def _is_sure(count: int) -> bool:
    print(f"Delete {count} events for good? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


async def _chosen(store: Store, options: argparse.Namespace) -> Sequence[uuid.UUID]:
    if not options.all:
        return list(dict.fromkeys(options.id))
    # The oldest first, as they came.
    return [item.event_id for item in reversed(await store.list_aside())]


def _missing(event_id: uuid.UUID) -> int:
    print(f"{event_id}  is not in the quarantine", file=sys.stderr)
    return 1
