"""Which times are taken: by the service's clock, whatever the sender's clock says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jupyter_cell_monitor_server.contract.events import ParsedEvent, RejectedEvent, parse_event
from jupyter_cell_monitor_server.contract.times import Clocks

from .test_contract import NOW, Json, encoded, start

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def answer(event: Json, clocks: Clocks) -> tuple[str, str | None]:
    found = parse_event(encoded(event), clocks)
    if isinstance(found, ParsedEvent):
        return "taken", None
    return found.code, found.field


def sent_with(clock: datetime, **more: Any) -> Clocks:
    """The service's clocks for a batch whose sender believes that it is `clock`."""
    return Clocks(NOW, NOW - clock, **more)


CLOCKS = [
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1999, 12, 31, tzinfo=UTC),
    NOW - 400 * DAY,
    NOW,
    NOW + 2 * DAY,
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(2099, 12, 31, tzinfo=UTC),
]


@pytest.mark.parametrize("clock", CLOCKS, ids=str)
def test_a_clock_that_is_years_off_loses_nothing(clock: datetime) -> None:
    clocks = sent_with(clock, oldest=NOW - 730 * DAY)
    for age in (timedelta(0), timedelta(minutes=5), 700 * DAY):
        assert answer(start(timestamp=(clock - age).isoformat()), clocks) == ("taken", None)


@pytest.mark.parametrize("clock", CLOCKS, ids=str)
def test_a_time_is_judged_after_the_correction(clock: datetime) -> None:
    clocks = sent_with(clock)
    limits = [
        (clock + DAY, "taken"),
        (clock + DAY + TICK, "invalid"),
        (clock - (NOW - datetime(2000, 1, 1, tzinfo=UTC)), "taken"),
        (clock - (NOW - datetime(2000, 1, 1, tzinfo=UTC)) - TICK, "invalid"),
    ]
    for moment, expected in limits:
        is_right_as_it_stands = datetime(2000, 1, 1, tzinfo=UTC) <= moment <= NOW + DAY
        wanted = "taken" if is_right_as_it_stands else expected
        assert answer(start(timestamp=moment.isoformat()), clocks)[0] == wanted, moment


@pytest.mark.parametrize("clock", CLOCKS, ids=str)
def test_a_clock_that_is_set_between_an_event_and_its_sending_loses_nothing(
    clock: datetime,
) -> None:
    assert answer(start(timestamp=NOW.isoformat()), sent_with(clock)) == ("taken", None)


def test_the_kernels_times_are_judged_as_they_are() -> None:
    clock = datetime(2036, 1, 1, tzinfo=UTC)
    event = start(timestamp=clock.isoformat(), started_at=NOW.isoformat())
    assert answer(event, sent_with(clock)) == ("taken", None)
    event["started_at"] = clock.isoformat()
    assert answer(event, sent_with(clock)) == ("invalid", "started_at")


@pytest.mark.parametrize(
    ("age", "expected"),
    [(30 * DAY, "taken"), (30 * DAY + TICK, "too_old"), (99999 * DAY, "invalid")],
)
def test_what_is_older_than_the_retention_is_too_old(age: timedelta, expected: str) -> None:
    for clock in (NOW, NOW + 3_000 * DAY):
        event = start(timestamp=(clock - age).isoformat())
        found = answer(event, sent_with(clock, oldest=NOW - 30 * DAY))
        assert found == (expected, None if expected == "taken" else "timestamp")


def test_without_a_retention_nothing_is_too_old() -> None:
    event = start(timestamp="2000-01-01T00:00:00Z", started_at=None)
    assert answer(event, Clocks(NOW)) == ("taken", None)


ENDS = ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-12:00"]


@pytest.mark.parametrize("moment", ENDS)
@pytest.mark.parametrize("sent", [*ENDS, NOW.isoformat()])
def test_the_ends_of_the_calendar_are_refused_and_break_nothing(moment: str, sent: str) -> None:
    found = answer(start(timestamp=moment), sent_with(datetime.fromisoformat(sent)))
    assert found == ("invalid", "timestamp")


NO_TIMES = [
    "2026-11-23T09:00:00",
    "2026-11-23",
    "2026-02-30T00:00:00Z",
    "2026-11-23T24:00:01Z",
    "yesterday",
    "",
    1795424400,
    None,
    [],
]


@pytest.mark.parametrize("moment", NO_TIMES, ids=repr)
def test_what_is_no_rfc_3339_time_with_its_zone_is_refused(moment: Any) -> None:
    found = parse_event(encoded(start(timestamp=moment)), NOW)
    assert isinstance(found, RejectedEvent)
    assert (found.code, found.field) == ("invalid", "timestamp")
