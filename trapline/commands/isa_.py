"""`trapline isa`: the reference page of an instruction or CSR, from the specification.

The pages are laid out in `trapline.pages`; the facts are in `isa`.
"""

import argparse
import difflib
from typing import TYPE_CHECKING

from isa.errors import TraplineError
from trapline.commands import Subparsers

if TYPE_CHECKING:
    from rich.console import RenderableType

EPILOG = """\
examples:
  trapline isa                        list all instructions and CSRs
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
    """Print the pages asked for, or the list of all instructions and CSRs."""
    from trapline import pages
    from trapline.console import show

    found = [_page(name) for name in args.names] or [pages.contents()]
    for number, page in enumerate(found):
        if number:
            print()
        show(page)
    return 0


def _page(name: str) -> "RenderableType":
    """Lay out the page of `name`; raise TraplineError when nothing is called that."""
    from assembler import pseudo
    from isa.csrs import CSRS
    from isa.spec import TABLE
    from trapline import pages
    from trapline.pages import mnemonic

    forms = list(pseudo.expansions())
    if name in TABLE.by_name:
        return pages.instruction_page(TABLE.by_name[name], forms)
    if name in CSRS.by_name:
        return pages.csr_page(CSRS.by_name[name])
    own = [form for form in forms if mnemonic(form[0]) == name]
    if own:
        return pages.pseudo_page(own)
    known = {*TABLE.by_name, *CSRS.by_name, *(mnemonic(form[0]) for form in forms)}
    close = difflib.get_close_matches(name, sorted(known), n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "`trapline isa` lists what is there"
    raise TraplineError(f"no instruction and no CSR is called {name!r}; {hint}")
