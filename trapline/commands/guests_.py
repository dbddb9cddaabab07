"""`trapline guests`: list the bundled kernels and what each is for, or write them to files.

The list is `guests.catalog()`, which reads the manifests in the guests' own folders.
"""

import argparse
from pathlib import Path

from isa.errors import TraplineError
from trapline.commands import Subparsers

EPILOG = """\
examples:
  trapline guests                     then `trapline boot NAME` runs one under the monitor
  trapline guests --export . tick     writes tick.elf, for QEMU and others; disks are NAME.img"""


def add_parser(subparsers: Subparsers) -> None:
    """Add `trapline guests`."""
    parser = subparsers.add_parser(
        "guests",
        help="list the bundled guest kernels",
        description="List the bundled guest kernels.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="with --export: which guests")
    parser.add_argument("--export", metavar="DIR", help="write executables and disks to DIR")


def run(args: argparse.Namespace) -> int:
    """Print a table of the guests, or write some of them to files."""
    if args.export is not None:
        return export(Path(args.export), args.names)
    if args.names:
        raise TraplineError("names of guests go with --export DIR")
    return show_catalog()


def export(folder: Path, names: list[str]) -> int:
    """Write the executables of guests, by default of all, and their disks."""
    import guests

    chosen = [guests.find(name) for name in names] or list(guests.catalog())
    for guest in chosen:
        (folder / f"{guest.name}.elf").write_bytes(guests.build(guest.name))
        if guest.has_disk:
            (folder / f"{guest.name}.img").write_bytes(guests.build_disk(guest.name))
    return 0


def show_catalog() -> int:
    """Print the table."""
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
