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
  trapline isa satp                   the page of a CSR
  trapline isa --popek-goldberg       what a monitor must see, and whether it traps"""


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
    parser.add_argument(
        "--popek-goldberg",
        action="store_true",
        help="execute everything to tell what is sensitive and what traps in deprivileged mode",
    )
    parser.add_argument("--isa", metavar="S", help="the ISA string that is judged")
    parser.add_argument("--json", metavar="F", help="write the verdicts to F as JSON (`-`: stdout)")
    parser.add_argument("names", metavar="NAME", nargs="*", help="a mnemonic or a CSR, e.g. addw")


def run(args: argparse.Namespace) -> int:
    """Print the pages asked for, or the list of all instructions and CSRs."""
    from trapline import pages
    from trapline.console import show

    if args.popek_goldberg:
        return _popek_goldberg(args.isa, args.json)
    if args.isa is not None or args.json is not None:
        raise TraplineError("--isa and --json go with --popek-goldberg")
    found = [_page(name) for name in args.names] or [pages.contents()]
    for number, page in enumerate(found):
        if number:
            print()
        show(page)
    return 0


def _popek_goldberg(isa: str | None, filename: str | None) -> int:
    from isa.isa_string import format_isa, parse_isa
    from isa.popek_goldberg import judge
    from trapline import pages
    from trapline.console import show
    from trapline.running import write_json
    from vmm.config import ISA

    bits = parse_isa(isa or ISA)
    verdicts = list(judge(bits))
    if filename is None:
        show(pages.popek_goldberg_page(format_isa(bits), verdicts))
        return 0
    exceptions = [verdict.name for verdict in verdicts if verdict.is_exception]
    found: dict[str, object] = {
        "isa": format_isa(bits),
        "is_classically_virtualizable": not exceptions,
        "exceptions": exceptions,
        "verdicts": {
            verdict.name: {
                "control_sensitive": verdict.is_control_sensitive,
                "behaviour_sensitive": verdict.is_behaviour_sensitive,
                "traps": verdict.traps,
            }
            for verdict in verdicts
        },
    }
    write_json(filename, found)
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
