"""What the project's texts say and do not say.

Every module says what it is; nothing names a machine, a registry's host or a ticket.
"""

import ast
import re
from types import MappingProxyType

from tests.policy.sources import ROOT, functions, is_test, python_files, shown, text_files, tree

DOCSTRING_LINES = range(2, 25)  # two to five, and a register table where there is one
# Texts that are not ours, and the one that spells the rules out.
EXEMPT = ("LICENSE", "tests/policy/test_words.py")
FORBIDDEN = MappingProxyType(
    {
        "a registry's host": r"pypi\.org|pythonhosted\.org|(deb|snapshot)\.debian\.org|npmjs\.org",
        "a folder of somebody's machine": r"(?<![\w.\-<])/(work|home|root|Users|opt)/\w",
        "a ticket instead of the reason": r"\b[Ii]ssue #?\d+|(?<!&)#\d{1,4}\b(?!:)",
        "a credential": r"(?i)-----BEGIN|ghp_[a-z0-9]{20}|AKIA[0-9A-Z]{16}",
    }
)


def test_every_module_opens_by_saying_what_it_is():
    bad = []
    for path in python_files():
        lines = [line for line in (ast.get_docstring(tree(path)) or "").split("\n") if line.strip()]
        least = 1 if path.name == "__init__.py" or is_test(path) else DOCSTRING_LINES.start
        if not least <= len(lines) < DOCSTRING_LINES.stop:
            bad.append(f"{shown(path)} ({len(lines)} lines)")
    assert not bad, f"a module opens with two to five lines on what it is: {bad}"


def test_nothing_names_a_host_a_machine_or_a_ticket():
    found = [
        f"{shown(path, number)}: {what}: {match[0]}"
        for path in text_files()
        if shown(path) not in EXEMPT
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for what, pattern in FORBIDDEN.items()
        if (match := re.search(pattern, line))
    ]
    assert not found, "\n".join(found)


def test_tests_lie_where_the_sources_lie():
    own = ("policy", "docs")
    folders = {path.parent.relative_to(ROOT / "tests") for path in python_files("tests")}
    strays = [
        str(folder)
        for folder in folders
        if folder.parts and folder.parts[0] not in own and not (ROOT / folder).is_dir()
    ]
    assert not strays, f"no source folder is called: {strays}"


def test_names_of_tests_are_sentences():
    terse = [
        f"{shown(path, function.lineno)} {function.name}"
        for path in python_files("tests")
        for function in functions(tree(path))
        if function.name.startswith("test_") and function.name.count("_") < 2
    ]
    assert not terse, f"say what is expected: {terse}"
