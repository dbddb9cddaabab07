"""`trapline isa`: every instruction and CSR has a page that says what the table says.

The pages are compared with the tables, not with copies of themselves.
"""

import io

import pytest

from isa.csrs import CSRS
from isa.spec import TABLE
from trapline import pages
from trapline.cli import main
from trapline.console import PLAIN_WIDTH, show


def printed(renderable):
    """Print a page as it is printed into a file."""
    file = io.StringIO()
    show(renderable, file=file)
    return file.getvalue()


@pytest.mark.parametrize("insn", list(TABLE), ids=lambda insn: insn.name)
def test_the_diagram_of_an_instruction_has_all_its_bits(insn):
    tokens = insn.pattern.text.split()
    assert sum(pages.token_width(token, insn) for token in tokens) == 8 * insn.length


@pytest.mark.parametrize("insn", list(TABLE), ids=lambda insn: insn.name)
def test_the_page_of_an_instruction_has_its_text_its_words_and_its_meaning(insn):
    page = printed(pages.instruction_page(insn))
    lines = page.splitlines()
    assert lines[0].startswith(insn.syntax)
    assert insn.doc.split("\n")[0][:PLAIN_WIDTH] in page
    assert f"def {insn.meaning.__name__}(" in page
    for operand in insn.operands:
        assert f"{operand.lo} to {operand.hi}" in page
    assert all(len(line) <= PLAIN_WIDTH and line == line.rstrip() for line in lines)


@pytest.mark.parametrize("csr", list(CSRS.by_number.values()), ids=lambda csr: csr.name)
def test_the_page_of_a_csr_has_its_number_and_its_words(csr):
    page = printed(pages.csr_page(csr))
    assert page.startswith(csr.name)
    assert f"{csr.number:#05x}" in page
    assert csr.doc.split("\n")[0] in page


def test_the_diagram_of_a_branch_is_the_manuals():
    rows = printed(pages.encoding_diagram(TABLE.by_name["bge"])).splitlines()
    assert rows[1].replace("│", " ").split() == ["31:25", "24:20", "19:15", "14:12", "11:7", "6:0"]
    assert rows[3].replace("│", " ").split() == [
        "offset[12|10:5]",
        "rs2",
        "rs1",
        "101",
        "offset[4:1|11]",
        "1100011",
    ]


def test_a_pseudo_instruction_stands_on_the_page_of_what_it_becomes():
    forms = [("mv rd, rs", ("addi rd, rs, 0",)), ("not rd, rs", ("xori rd, rs, -1",))]
    page = printed(pages.instruction_page(TABLE.by_name["addi"], forms))
    assert page.endswith("Also written\n  mv rd, rs  addi rd, rs, 0\n")


def test_a_pseudo_instruction_has_a_page_of_its_own(capsys):
    assert main(["isa", "mv"]) == 0
    assert "mv rd, rs  addi rd, rs, 0\n" in capsys.readouterr().out


def test_several_pages_are_printed_in_the_order_asked_for(capsys):
    assert main(["isa", "satp", "addw"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("satp")
    assert out.index("\naddw rd") > 0


def test_without_a_name_everything_is_listed(capsys):
    assert main(["isa"]) == 0
    out = capsys.readouterr().out
    assert all(insn.syntax in out for insn in TABLE)
    assert "mhpmcounter3 to mhpmcounter31" in out


def test_an_unknown_name_brings_the_nearest_ones(capsys):
    assert main(["isa", "adw"]) == 2
    assert "did you mean addw" in capsys.readouterr().err


def test_a_name_like_no_other_brings_no_guess(capsys):
    assert main(["isa", "zzzzzz"]) == 2
    assert "did you mean" not in capsys.readouterr().err
