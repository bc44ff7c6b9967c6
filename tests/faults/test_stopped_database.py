"""A database that stands still costs waiting, no memory and no event."""

import pytest

from .stack import Stack
from .stopped_database import stop_the_database

pytestmark = pytest.mark.asyncio(loop_scope="package")
STOPPED_S = 5
MOST_MIB = 24


async def test_memory_stays_flat_while_the_database_stands_still(stack: Stack) -> None:
    """PostgreSQL stopped for seconds at three times a class's load: all is stored afterwards."""
    growth = await stop_the_database(stack, STOPPED_S)
    assert growth.violations == []
    assert growth.refused > 0, "the stop was felt"
    assert growth.mib < MOST_MIB, growth
