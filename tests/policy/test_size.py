"""Sizes that keep the code readable: lines of a module and of a function, width of a line.

A function may be longer when it is a table: few statements, many lines.
"""

import ast

from tests.policy.sources import functions, is_test, python_files, shown, text_files, tree

MODULE_LINES = 400
TEST_MODULE_LINES = 600
FUNCTION_LINES = 60
TABLE_STATEMENTS = 8
WIDTH = 100
GUEST_FILE_LINES = 800
NARROW_SUFFIXES = (".s", ".S", ".inc", ".ld", ".lark")  # ruff measures Python


def lines_of(path):
    """Read a file's lines."""
    return path.read_text(encoding="utf-8").splitlines()


def test_no_module_is_longer_than_its_limit():
    long = [
        shown(path, len(lines_of(path)))
        for path in python_files()
        if len(lines_of(path)) > (TEST_MODULE_LINES if is_test(path) else MODULE_LINES)
    ]
    assert not long, f"split these: {long}"


def test_no_guest_source_is_longer_than_800_lines():
    sources = [path for path in text_files() if path.suffix in (".s", ".S", ".inc")]
    long = [shown(path) for path in sources if len(lines_of(path)) > GUEST_FILE_LINES]
    assert not long, f"split these: {long}"


def is_table(function):
    """Tell whether the function is long only because it holds a table."""
    return sum(isinstance(node, ast.stmt) for node in ast.walk(function)) <= TABLE_STATEMENTS


def test_no_function_is_longer_than_60_lines_unless_it_is_a_table():
    long = [
        f"{shown(path, function.lineno)} {function.name}"
        for path in python_files()
        for function in functions(tree(path))
        if (function.end_lineno or 0) - function.lineno >= FUNCTION_LINES and not is_table(function)
    ]
    assert not long, f"split these: {long}"


def test_no_line_of_a_guest_or_grammar_is_wider_than_100_characters():
    wide = [
        shown(path, number)
        for path in text_files()
        if path.suffix in NARROW_SUFFIXES
        for number, line in enumerate(lines_of(path), start=1)
        if len(line.expandtabs(8)) > WIDTH
    ]
    assert not wide, f"too wide: {wide}"


def test_no_text_file_has_trailing_blanks():
    untidy = [
        shown(path, number)
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1)
        if line != line.rstrip()
    ]
    assert not untidy, f"trailing blanks: {untidy}"


def test_every_text_file_ends_with_a_newline():
    contents = {path: path.read_bytes() for path in text_files()}
    unended = [shown(path) for path, data in contents.items() if data and data[-1:] != b"\n"]
    assert not unended, f"no newline at the end: {unended}"
