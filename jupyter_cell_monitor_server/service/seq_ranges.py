"""Which numbers of a session were received: sorted inclusive pairs with gaps between them."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

# A session's row stays small whatever a client sends: above it the lowest gaps are forgotten.
MAX_RANGES = 1_000

Ranges = list[list[int]]


def with_numbers(ranges: Ranges, numbers: Iterable[int]) -> Ranges:
    """The ranges and these numbers. Gives back `ranges` itself where it holds all of them."""
    for number in numbers:
        if ranges and ranges[-1][1] + 1 == number:
            ranges = [*ranges[:-1], [ranges[-1][0], number]]
        elif not holds(ranges, number):
            ranges = union(ranges, [[number, number]])
    return ranges


def holds(ranges: Ranges, number: int) -> bool:
    """Whether a number lies in one of the ranges."""
    place = bisect_left(ranges, number, key=lambda pair: pair[1])
    return place < len(ranges) and ranges[place][0] <= number


def union(first: Iterable[Sequence[int]], second: Iterable[Sequence[int]]) -> Ranges:
    """The numbers that lie in either. Pairs may come in any order and overlap."""
    merged = _merged(first, second)
    if len(merged) > MAX_RANGES:
        rest = merged[-MAX_RANGES:]
        rest[0][0] = merged[0][0]
        return rest
    return merged


def _merged(first: Iterable[Sequence[int]], second: Iterable[Sequence[int]]) -> Ranges:
    merged: Ranges = []
    for low, high in sorted((min(pair), max(pair)) for pair in (*first, *second)):
        if merged and low <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], high)
        else:
            merged.append([low, high])
    return merged


def count(ranges: Iterable[Sequence[int]]) -> int:
    """How many numbers the ranges hold."""
    return sum(high - low + 1 for low, high in ranges)


def missing(received: Ranges, dropped: Ranges) -> int:
    """How many numbers below the highest that is known were neither received nor given up."""
    known = _merged(received, dropped)
    return known[-1][1] + 1 - count(known) if known else 0


def lost(received: Ranges, dropped: Ranges) -> int:
    """How many numbers were given up and did not come after all."""
    return count(_merged(received, dropped)) - count(received)
