"""The codes of errors: one meaning each, though they are written in many files."""

import re
from collections import defaultdict

from tests.conftest import ROOT

PACKAGE = ROOT / "classifier"
RAISED = re.compile(r'"(E\d{3})[" ]')
# What is the same error to a user in several parts of the package.
SHARED = {"E101": "a column is missing", "E132": "the output exists", "E542": "a value of the wrong type"}


def parts_by_code():
    """Return the parts of the package, which are its files and folders, that give each code."""
    parts = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        for code in RAISED.findall(path.read_text(encoding="utf-8")):
            parts[code].add(path.relative_to(PACKAGE).parts[0])
    return parts


def test_no_two_parts_of_the_package_use_one_code():
    assert {code for code, parts in parts_by_code().items() if len(parts) > 1} == set(SHARED)


def test_codes_that_documentation_and_docstrings_name_are_given():
    sources = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *PACKAGE.rglob("*.py")]
    named = {code for path in sources for code in re.findall(r"\bE\d{3}\b", path.read_text(encoding="utf-8"))}
    assert named == set(parts_by_code())
