"""The quota of each user, and the bytes under way: how much, how long, and for how many users."""

import math

import pytest

from jupyter_cell_monitor_server.service.app import CellMonitorService
from jupyter_cell_monitor_server.service.bounds import Busy, InFlight
from jupyter_cell_monitor_server.service.quota import Quota, TooMany, cost_of


class Clock:
    """A clock that a test moves."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    ("events", "bytes_", "cost"),
    [
        (1, 0, 1),
        (1, 16 * 1024, 1),
        (1, 16 * 1024 + 1, 2),
        (100, 16 * 1024, 100),
        (1, 8 * 2**20, 512),
    ],
)
def test_a_request_costs_its_events_and_its_bytes(events: int, bytes_: int, cost: int) -> None:
    """One event at least, and one for each started 16 KiB."""
    assert cost_of(events, bytes_) == cost


def test_after_the_time_named_exactly_the_same_is_taken(clock: Clock) -> None:
    """And not a moment before."""
    quota = Quota(10.0, 100.0, clock=clock)
    quota.charge("ai").at_least(100)
    with pytest.raises(TooMany) as refused:
        quota.charge("ai").at_least(25)
    assert refused.value.retry_after_s == pytest.approx(2.5)
    clock.now_s += refused.value.retry_after_s - 0.01
    with pytest.raises(TooMany):
        quota.charge("ai").at_least(25)
    clock.now_s += 0.01
    quota.charge("ai").at_least(25)


def test_who_was_told_to_wait_is_refused_until_then(clock: Clock) -> None:
    """However little they ask for meanwhile, and the time does not move on."""
    quota = Quota(10.0, 100.0, clock=clock)
    quota.charge("ai").at_least(90)
    with pytest.raises(TooMany):
        quota.check("ai", 60)
    for _ in range(49):
        clock.now_s += 0.1
        with pytest.raises(TooMany) as refused:
            quota.check("ai", 1)
    assert refused.value.retry_after_s == pytest.approx(0.1)
    clock.now_s += 0.101
    quota.check("ai", 60)


def test_one_users_flood_is_no_other_users(clock: Clock) -> None:
    """Each has a bucket."""
    quota = Quota(10.0, 100.0, clock=clock)
    quota.charge("ai").at_least(100)
    quota.charge("ken").at_least(100)
    with pytest.raises(TooMany):
        quota.check("ai", 1)


def test_a_cost_that_is_learned_step_by_step_is_paid_once(clock: Clock) -> None:
    """And what the first step paid counts for the time that is named."""
    quota = Quota(10.0, 100.0, clock=clock)
    charge = quota.charge("ai")
    for cost in (1, 40, 40, 30, 60):
        charge.at_least(cost)
    quota.check("ai", 40)
    quota.charge("ai").at_least(20)
    with pytest.raises(TooMany) as refused:
        charge.at_least(90)
    assert refused.value.retry_after_s == pytest.approx((90 - 20) / 10)


def test_what_costs_more_than_a_bucket_costs_a_full_one(clock: Clock) -> None:
    """Else it could never be sent."""
    quota = Quota(10.0, 100.0, clock=clock)
    quota.charge("ai").at_least(5000)
    with pytest.raises(TooMany) as refused:
        quota.charge("ai").at_least(5000)
    assert refused.value.retry_after_s == pytest.approx(10)


def test_a_refused_request_can_cost_all_that_is_there(clock: Clock) -> None:
    """What it made the service do is not free."""
    quota = Quota(10.0, 100.0, clock=clock)
    quota.charge("ai").forfeit(500)
    with pytest.raises(TooMany):
        quota.check("ai", 1)


def test_a_long_replay_at_four_batches_a_second_passes() -> None:
    """With the settings' defaults: ten thousand events of a day without a network."""
    clock = Clock()
    settings = CellMonitorService()
    quota = Quota(settings.user_events_per_s, settings.user_burst_events, clock=clock)
    for _ in range(100):
        quota.charge("ai").at_least(cost_of(100, 200_000))
        clock.now_s += 0.25


def test_the_number_of_buckets_is_bounded(clock: Clock) -> None:
    """The one that was not used for longest is forgotten."""
    quota = Quota(10.0, 100.0, max_buckets=3, clock=clock)
    for name in ("ai", "ken", "mei", "ai", "sora"):
        quota.charge(name).at_least(50)
    assert len(quota) == 3
    with pytest.raises(TooMany):
        quota.check("ai", 1)
    quota.check("ken", 100)


def test_the_bytes_under_way_are_bounded_in_all_and_of_one_user() -> None:
    """What was refused counts for nothing, and what has gone leaves no trace."""
    in_flight = InFlight(max_bytes=100, max_user_bytes=60)
    in_flight.take("ai", 60)
    with pytest.raises(TooMany) as refused:
        in_flight.take("ai", 1)
    assert refused.value.reason == "user_in_flight"
    in_flight.take("ken", 40)
    with pytest.raises(Busy):
        in_flight.take("mei", 1)
    assert in_flight.bytes == 100
    in_flight.give("ken", 40)
    in_flight.take("mei", 1)
    in_flight.give("ai", 60)
    in_flight.give("mei", 1)
    assert (in_flight.bytes, dict(in_flight._of_user)) == (0, {})


def test_the_wait_is_told_in_whole_seconds_that_are_enough() -> None:
    """`Retry-After` knows no fractions."""
    clock = Clock()
    quota = Quota(3.0, 10.0, clock=clock)
    quota.charge("ai").at_least(10)
    with pytest.raises(TooMany) as refused:
        quota.check("ai", 10)
    clock.now_s += math.ceil(refused.value.retry_after_s)
    quota.check("ai", 10)
