"""`trapline explain`: why the last trap of a run was taken, or what an access would end with.

The run is repeated up to the instruction before the trap; `isa/explain.py` does the rest.
"""

import argparse
from typing import TYPE_CHECKING

from isa.errors import TraplineError
from trapline.commands import Subparsers

if TYPE_CHECKING:
    from isa.explain import Explanation
    from isa.hart import Hart

PRIVILEGES = {"u": 0, "s": 1, "m": 3}
EPILOG = """\
An access is tried in the state that the run ends in: bound it with --max-instructions to look at
an earlier one. Exit status: 0, or 2 for what you got wrong.

examples:
  trapline explain tick                                     the last trap of a run
  trapline explain --max-instructions 2000 tick             the last one of the first 2000
  trapline explain --va 0x80200000 --access w --priv u tick an access of your own"""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline explain`."""
    from trapline.options import add_run_options

    parser = subparsers.add_parser(
        "explain",
        help="say why a trap was taken, and which bits decided",
        description="Say why the last trap of a run was taken, or what an access would end with.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        prefix_chars="-+",
    )
    parser.add_argument("--va", type=_number, metavar="A", help="explain an access to this address")
    parser.add_argument("--access", choices="rwx", default="r", help="its kind; by default r")
    parser.add_argument("--priv", choices=PRIVILEGES, default="s", help="who makes it; default s")
    add_run_options(parser, "prog")
    return parser


def _number(text: str) -> int:
    value = int(text, 0)
    if not 0 <= value < 1 << 64:
        raise ValueError
    return value


def run(args: argparse.Namespace) -> int:
    """Explain; return 0."""
    from trapline.lasttrap import at_the_end, before_last_trap
    from trapline.options import read_options

    program = args.prog or args.kernel
    if program is None:
        raise TraplineError("nothing to run; `trapline guests` lists the bundled kernels")
    options = read_options(args)
    if args.va is None:
        from isa.explain import explain_step

        hart = before_last_trap(program, options)
        report(f"the instruction at {hart.pc:#x}", hart, explain_step(hart), args.json)
    else:
        from isa.explain import explain_access

        hart = at_the_end(program, options)
        found = explain_access(hart, args.va, args.access, PRIVILEGES[args.priv])
        report(
            f"access {args.access} to {args.va:#x} in {args.priv.upper()}-mode",
            hart,
            found,
            args.json,
        )
    return 0


def report(what: str, hart: "Hart", found: "Explanation", filename: str | None) -> None:
    """Print an explanation, or write it as JSON."""
    from isa.explain import levels, told

    entries = list(zip(levels(hart, found.entries), found.entries, strict=True))
    if filename is not None:
        from trapline.running import write_json

        write_json(filename, to_json(what, found, entries))
        return
    for line in told(what, hart, found):
        print(line)


def to_json(
    what: str, found: "Explanation", entries: list[tuple[int, tuple[int, int]]]
) -> dict[str, object]:
    """Give an explanation under stable keys."""
    outcome = found.outcome
    reasons = {"deciding": found.deciding, "delegating": found.delegating}
    return {
        "what": what,
        "cause": outcome.cause,
        "tval": outcome.tval,
        "taken_by": outcome.taken_by,
        "handler": outcome.handler,
        "entries": [
            {"level": level, "address": address, "value": word}
            for level, (address, word) in entries
        ],
    } | {
        key: [
            {
                "bits": [
                    {"holder": b.holder, "bit": b.number, "value": b.value} for b in reason.bits
                ],
                "instead": str(reason.instead),
            }
            for reason in chosen
        ]
        for key, chosen in reasons.items()
    }
