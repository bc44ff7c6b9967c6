"""One stack for all schedules, with everything well at the beginning of each test."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from .browser import LabStudent
from .stack import LAB_STUDENTS, WIRE_STUDENTS, Stack, running_stack


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def the_stack() -> AsyncIterator[Stack]:
    async with running_stack([*WIRE_STUDENTS, *LAB_STUDENTS]) as stack:
        yield stack


@pytest_asyncio.fixture(loop_scope="package")
async def stack(the_stack: Stack) -> AsyncIterator[Stack]:
    yield the_stack
    await the_stack.heal()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def lab_student(
    the_stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LabStudent]:
    folder = tmp_path_factory.mktemp("lab")
    async with async_playwright() as playwright:
        student = LabStudent(the_stack, LAB_STUDENTS[0], folder, playwright)
        yield student
        await student.close()
