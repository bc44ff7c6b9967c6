"""One stack for all schedules, with everything well at the beginning of each test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from .stack import LAB_STUDENTS, WIRE_STUDENTS, Stack, running_stack


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def the_stack() -> AsyncIterator[Stack]:
    async with running_stack([*WIRE_STUDENTS, *LAB_STUDENTS]) as stack:
        yield stack


@pytest_asyncio.fixture(loop_scope="package")
async def stack(the_stack: Stack) -> AsyncIterator[Stack]:
    yield the_stack
    await the_stack.heal()
