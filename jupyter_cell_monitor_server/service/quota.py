"""A token bucket for each user: how many events somebody may send, for a while and for long."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

BYTES_PER_EVENT = 16 * 1024


class TooMany(Exception):
    """One user asks for too much; after `retry_after_s` seconds the same would be taken.

    `reason` is a word for the metrics.
    """

    def __init__(self, reason: str, retry_after_s: float, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.retry_after_s = retry_after_s


def cost_of(events: int, bytes_: int) -> int:
    """What a request costs: its events, and at least one for each started 16 KiB."""
    return max(1, events, -(-bytes_ // BYTES_PER_EVENT))


class Quota:
    """Each user's bucket holds `burst` events and gains `events_per_s`.

    Who was told when to come again is refused until then, however little they ask for: so the
    bucket does fill, and a refusal costs the service next to nothing. At most `max_buckets` are
    kept: the one that was not used for longest is forgotten, which fills it. `clock` is
    monotonic, in seconds.
    """

    def __init__(
        self,
        events_per_s: float,
        burst: float,
        max_buckets: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._events_per_s = events_per_s
        self._burst = burst
        self._max_buckets = max_buckets
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def check(self, user: str, cost: float) -> None:
        """Raises `TooMany` where `cost` events would not be taken now."""
        wait_s = self._bucket(user).closed_until_s - self._clock()
        if wait_s > 0:
            raise _refusal(wait_s)
        self._require(user, self._bucket(user).level, min(cost, self._burst))

    def charge(self, user: str) -> "Charge":
        """A request's charge, which pays nothing yet."""
        return Charge(self, user)

    def pay(self, user: str, cost: float, paid: float) -> float:
        """Take what `cost` is above `paid` out of the bucket; what is paid now in all.

        A request that costs more than a full bucket costs a full bucket. Raises `TooMany`.
        """
        cost = max(paid, min(cost, self._burst))
        level = self._bucket(user).level
        if cost - paid > level:
            self._require(user, level, cost)
        self._keep(user, level - (cost - paid))
        return cost

    def empty(self, user: str, cost: float) -> None:
        """Take out so many, or all that is there."""
        self._keep(user, max(0.0, self._bucket(user).level - cost))

    def _bucket(self, user: str) -> "_Bucket":
        """A user's bucket as it is now."""
        now_s = self._clock()
        level, at_s, closed_until_s = self._buckets.get(user, _Bucket(self._burst, now_s, 0.0))
        level = min(self._burst, level + (now_s - at_s) * self._events_per_s)
        return _Bucket(level, now_s, closed_until_s)

    def _require(self, user: str, level: float, cost: float) -> None:
        if level < cost:
            wait_s = (cost - level) / self._events_per_s
            self._keep(user, level, self._clock() + wait_s)
            raise _refusal(wait_s)

    def _keep(self, user: str, level: float, closed_until_s: float = 0.0) -> None:
        self._buckets[user] = _Bucket(level, self._clock(), closed_until_s)
        self._buckets.move_to_end(user)
        if len(self._buckets) > self._max_buckets:
            self._buckets.popitem(last=False)


class _Bucket(NamedTuple):
    """`level`: the events in it at `at_s`, a time of the clock."""

    level: float
    at_s: float
    closed_until_s: float


def _refusal(wait_s: float) -> TooMany:
    return TooMany("quota", wait_s, "You send more than is taken from one user. Try later.")


class Charge:
    """What one request has paid so far: its whole cost is known step by step."""

    def __init__(self, quota: Quota, user: str) -> None:
        self._quota = quota
        self._user = user
        self._paid = 0.0

    def at_least(self, cost: float) -> None:
        """Pay up to this cost in all. Raises `TooMany`; what was paid before stays paid."""
        self._paid = self._quota.pay(self._user, cost, self._paid)

    def forfeit(self, cost: float) -> None:
        """Pay as much of this cost as the bucket holds, for a request that is refused anyway."""
        self._quota.empty(self._user, max(0.0, cost - self._paid))
