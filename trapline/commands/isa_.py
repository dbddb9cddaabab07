"""`trapline isa`: the reference page of an instruction or CSR, from the specification.

The pages are laid out in `trapline.pages`; the facts are in `isa`.
"""

import argparse
import difflib

from isa.errors import TraplineError
from trapline.commands import Subparsers

EPILOG = """\
examples:
  trapline isa                        list all instructions
  trapline isa addw                   the page of an instruction
  trapline isa satp                   the page of a CSR"""


def add_parser(subparsers: Subparsers) -> None:
    """Add `trapline isa`."""
    parser = subparsers.add_parser(
        "isa",
        help="show the page of an instruction or CSR",
        description="Show the reference page of instructions and CSRs.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="a mnemonic or a CSR, e.g. addw")


def run(args: argparse.Namespace) -> int:
    """Print the pages asked for, or the list of all instructions."""
    from rich.console import Console

    from trapline import pages

    console = Console(highlight=False)
    found = [_page(name) for name in args.names] or [pages.instruction_list()]
    for number, page in enumerate(found):
        if number:
            console.rule()
        console.print(page)
    return 0


def _page(name: str) -> object:
    """Lay out the page of `name`; raise TraplineError when nothing is called that."""
    from isa.spec import TABLE
    from trapline import pages

    insn = TABLE.by_name.get(name)
    if insn:
        return pages.instruction_page(insn)
    known = list(TABLE.by_name)
    close = difflib.get_close_matches(name, known, n=3)
    hint = f"; did you mean {' or '.join(close)}?" if close else "; `trapline isa` lists them"
    raise TraplineError(f"nothing in the specification is called {name!r}{hint}")
