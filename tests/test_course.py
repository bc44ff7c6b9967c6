"""The demo course can be taught and graded: its notebooks, solutions and copies."""

import copy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbgrader.utils import compute_checksum

from jupyter_cell_monitor_server.demo import course

HIRAGANA = range(0x3040, 0x30A0)


def notebook(name: str) -> Any:
    return nbformat.from_dict(course.load_notebook(name))  # type: ignore[no-untyped-call]


def nbgrader_cells(node: Any) -> list[Any]:
    return [cell for cell in node.cells if "nbgrader" in cell.metadata]


def run(node: Any) -> dict[str, bool]:
    """Run all cells in a real kernel: for each test cell whether it passed."""
    NotebookClient(node, timeout=60, kernel_name="python3", allow_errors=True).execute()
    return {
        cell.metadata.nbgrader.grade_id: all(
            output.output_type != "error" for output in cell.outputs
        )
        for cell in nbgrader_cells(node)
        if cell.metadata.nbgrader.grade
    }


@pytest.mark.parametrize("name", course.NOTEBOOKS)
def test_each_notebook_is_valid_and_clean(name: str) -> None:
    node = notebook(name)
    nbformat.validate(node)
    assert (node.nbformat, node.nbformat_minor) == (4, 5)
    assert node.metadata.kernelspec.name == "python3"
    assert 10 <= len(node.cells) <= 15
    assert len({cell.id for cell in node.cells}) == len(node.cells)
    assert all(not c.outputs and c.execution_count is None for c in node.cells if "outputs" in c)
    assert "BEGIN SOLUTION" not in str(node)


@pytest.mark.parametrize("name", course.NOTEBOOKS)
def test_each_text_is_japanese_with_english_beneath(name: str) -> None:
    for cell in notebook(name).cells:
        if cell.cell_type == "markdown":
            japanese, english = cell.source.rsplit("\n\n", 1)
            assert any(ord(char) in HIRAGANA for char in japanese), cell.id
            assert english.startswith("*"), cell.id
            assert english.endswith("*"), cell.id


@pytest.mark.parametrize("name", course.NOTEBOOKS)
def test_checksums_are_nbgraders(name: str) -> None:
    cells = nbgrader_cells(notebook(name))
    assert cells
    for cell in cells:
        assert cell.metadata.nbgrader.schema_version == 3
        assert cell.metadata.nbgrader.checksum == compute_checksum(cell), cell.id


@pytest.mark.parametrize("name", course.NOTEBOOKS)
def test_tests_have_points_and_are_locked(name: str) -> None:
    grades = [cell.metadata.nbgrader for cell in nbgrader_cells(notebook(name))]
    tests = [grade for grade in grades if grade.grade]
    assert len(tests) == 3
    assert all(grade.locked and grade.points > 0 and not grade.solution for grade in tests)


def test_each_solution_cell_has_one_solution() -> None:
    ids = [
        cell.metadata.nbgrader.grade_id
        for name in course.NOTEBOOKS
        for cell in nbgrader_cells(notebook(name))
        if cell.metadata.nbgrader.solution
    ]
    assert sorted(ids) == sorted(course.load_solutions())
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", course.NOTEBOOKS)
def test_the_solutions_pass_and_the_released_notebook_fails(name: str) -> None:
    released, solved = notebook(name), copy.deepcopy(notebook(name))
    for cell in nbgrader_cells(solved):
        if cell.metadata.nbgrader.solution:
            cell.source = course.load_solutions()[cell.metadata.nbgrader.grade_id]
    assert set(run(released).values()) == {False}
    assert set(run(solved).values()) == {True}
    assert not [
        output
        for cell in solved.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def test_copies_land_where_the_class_is_recognised(tmp_path: Path) -> None:
    copied = course.copy_course(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in copied] == [
        "assignments/python-intro/01-hello/01-hello.ipynb",
        "assignments/python-intro/02-conditions/02-conditions.ipynb",
        "assignments/python-intro/03-loops/03-loops.ipynb",
    ]
    for path, name in zip(copied, course.NOTEBOOKS, strict=True):
        assert nbformat.read(path, as_version=4) == notebook(name)  # type: ignore[no-untyped-call]


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    own = tmp_path / course.notebook_path("02-conditions")
    own.parent.mkdir(parents=True)
    own.write_text("my own work")
    assert own not in course.copy_course(tmp_path)
    assert own.read_text() == "my own work"
    assert course.copy_course(tmp_path) == []
