"""`trapline guests`: list the bundled kernels and what each is for.

The list is `guests.catalog()`, which reads the manifests in the guests' own folders.
"""

import argparse

from trapline.commands import Subparsers

EPILOG = """\
example:
  trapline guests                     then `trapline boot NAME` runs one under the monitor"""


def add_parser(subparsers: Subparsers) -> None:
    """Add `trapline guests`."""
    subparsers.add_parser(
        "guests",
        help="list the bundled guest kernels",
        description="List the bundled guest kernels.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def run(args: argparse.Namespace) -> int:
    """Print a table of the guests."""
    from rich.table import Table

    import guests
    from trapline.console import show

    table = Table(box=None, pad_edge=False)
    table.add_column("guest", style="bold", no_wrap=True)
    table.add_column("for", no_wrap=True)
    table.add_column("what it is")
    for guest in guests.catalog():
        table.add_row(guest.name, guest.kind, guest.title)
    show(table)
    return 0
