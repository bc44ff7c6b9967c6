"""Who takes part in the demo, and in which of the Hub's groups."""

STUDENTS = tuple(f"student-{number:02}" for number in range(1, 41))
TEACHERS = {"sensei": "python-intro", "kocho": "statistics"}
NAMES = (*TEACHERS, *STUDENTS)

GROUPS = {
    "nbgrader-python-intro": list(STUDENTS),
    "formgrade-python-intro": ["sensei"],
    # A few are in both classes, as in a real school.
    "nbgrader-statistics": list(STUDENTS[-4:]),
    "formgrade-statistics": ["kocho"],
}
