"""The simulated browser does what the real one does."""

import json
import zlib
from pathlib import Path

from .chain import Chain
from .durable_queue import DurableQueue
from .page import Page
from .reduced import KnownContents
from .student import Settings, drops


def events_of(file: Path, moves: int = 40) -> DurableQueue:
    queue = DurableQueue(str(file))
    page = Page("ai", "assignments/python-intro/x/x.ipynb", "seed", queue.next_page(), [])
    for _ in range(moves):
        events = page.next().events
        queue.add(events, [json.dumps(event, ensure_ascii=False) for event in events])
    return queue


def test_a_queue_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    """A killed browser finds its events again, and opens a page with another session."""
    first = events_of(tmp_path / "queue.sqlite").take(1000)
    again = DurableQueue(str(tmp_path / "queue.sqlite"))
    assert again.take(1000) == first
    assert again.next_page() == 1


def test_a_session_numbers_its_events_without_gaps(tmp_path: Path) -> None:
    """What is missing can be seen by `seq`."""
    found = events_of(tmp_path / "queue.sqlite").take(1000)
    assert [event.seq for event in found] == list(range(len(found)))


def test_a_full_queue_gives_up_the_least_valuable_and_says_so(tmp_path: Path) -> None:
    """Activity goes first, then starts whose end waits too; never an end."""
    queue = events_of(tmp_path / "queue.sqlite")
    surplus = queue.surplus(queue.count() - 12)
    kinds = [event.event_type for event in surplus]
    assert kinds == sorted(kinds)
    assert set(kinds) <= {"activity", "cell_execution_start"}
    settings = Settings("ai", 0, "", "", "x.ipynb", "")
    [report] = drops(surplus, settings, "queue_full")
    assert report["ranges"] == [[seq, seq] for seq in sorted(event.seq or 0 for event in surplus)]


def test_a_reduced_event_is_its_body_in_pieces(tmp_path: Path) -> None:
    """Known contents travel as their hashes, of their own session only, and are smaller."""
    found = events_of(tmp_path / "queue.sqlite").take(1000)
    known = KnownContents()
    event = max(found, key=lambda one: len(one.body))
    assert known.reduced(event) == event.body
    known.learn(event)
    travels = json.loads(known.reduced(event))
    assert len(known.reduced(event)) < len(event.body)
    literal = [piece for piece in travels["pieces"] if isinstance(piece, str)]
    assert all(piece in event.body for piece in literal)
    known.forget(event)
    assert known.reduced(event) == event.body


def test_a_batch_refers_to_the_one_before_unless_that_was_refused() -> None:
    """The first one travels by itself."""
    chain, text = Chain(), bytes(range(256)) * 10
    assert chain.packed(text)[1] == "gzip"
    chain.answered(text)
    body, encoding = chain.packed(text)
    assert encoding == "dictionary-deflate"
    assert len(body) < 60
    assert zlib.decompressobj(-15, zdict=text).decompress(body[8:]) == text
    chain.refused()
    assert chain.packed(text)[1] == "gzip"
