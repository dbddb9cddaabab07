"""Accounts as tables for people: one alone, or several side by side.

Programs read `Account.to_json` instead.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vmm.schema import BUCKET_CAPTIONS, EXIT_CAUSES, LEVEL_CAPTIONS, Bucket, TlbLevel
from vmm.stats import BARE, Account

if TYPE_CHECKING:
    from rich.table import Table

Cell = Callable[[Account], str]


def account_table(accounts: Sequence[Account]) -> "Table":
    """Return a table with one column an account; rows that are zero in all of them are left out.

    Overhead is against the first account in mode "bare", if there is one.
    """
    from rich.table import Table

    title = f"{accounts[0].facts.guest}, costs of {accounts[0].preset}"
    table = Table(title=title, title_justify="left", caption=_notes(accounts))
    table.caption_justify = "left"
    table.add_column("", no_wrap=True)
    for account in accounts:
        table.add_column(account.facts.mode, justify="right")
    for section in (
        _run_rows(),
        _exit_rows(),
        _miss_rows(", " if len(accounts) == 1 else "\n"),
        _bucket_rows(),
        _host_rows(),
    ):
        _add_section(table, accounts, section)
    return table


def _add_section(
    table: "Table", accounts: Sequence[Account], rows: list[tuple[str, Cell, bool]]
) -> None:
    for caption, cell, always in rows:
        cells = [cell(account) for account in accounts]
        if always or any(text not in ("", "0") for text in cells):
            table.add_row(caption, *cells)
    bare = next((account for account in accounts if account.facts.mode == BARE), None)
    if bare and len(accounts) > 1 and any(caption == "modelled cycles" for caption, _, _ in rows):
        table.add_row("  overhead", *(_overhead(account, bare) for account in accounts))
    table.add_section()


def _overhead(account: Account, bare: Account) -> str:
    if account is bare or not bare.cycles:
        return ""
    return f"{100 * (account.cycles - bare.cycles) / bare.cycles:+.1f} %"


def _run_rows() -> list[tuple[str, Cell, bool]]:
    return [
        ("ended by", lambda account: account.facts.stop_reason, True),
        ("exit status", lambda account: str(account.facts.exit_status), True),
        ("instructions", lambda account: f"{account.instructions:,}", True),
        ("exits", lambda account: f"{sum(account.exits.values()):,}", True),
    ]


def _exit_rows() -> list[tuple[str, Cell, bool]]:
    def cell(name: str) -> Cell:
        return lambda account: f"{account.exits[name]:,}"

    return [(f"  {cause.caption}", cell(cause.name), False) for cause in EXIT_CAUSES]


def _miss_rows(between: str) -> list[tuple[str, Cell, bool]]:
    def cell(level: TlbLevel) -> Cell:
        return lambda account: f"{account.tlb_misses[level.value]:,}"

    rows: list[tuple[str, Cell, bool]] = [
        ("TLB", lambda account: account.facts.tlb.replace(", ", between), True)
    ]
    return rows + [
        (f"  misses, {caption}", cell(level), False) for level, caption in LEVEL_CAPTIONS.items()
    ]


def _bucket_rows() -> list[tuple[str, Cell, bool]]:
    def cell(bucket: Bucket) -> Cell:
        return lambda account: _share(account.buckets[bucket], account.cycles)

    rows: list[tuple[str, Cell, bool]] = [
        ("modelled cycles", lambda account: f"{account.cycles:,}", True)
    ]
    rows += [(f"  {caption}", cell(bucket), True) for bucket, caption in BUCKET_CAPTIONS.items()]
    return rows


def _share(part: int, whole: int) -> str:
    return f"{part:,}  {100 * part / whole:5.1f} %" if whole else "0"


def _host_rows() -> list[tuple[str, Cell, bool]]:
    return [
        ("host CPU time", lambda account: f"{account.facts.cpu_s:.3f} s", True),
        ("host wall time", lambda account: f"{account.facts.wall_s:.3f} s", True),
        ("MIPS", lambda account: f"{account.mips:.1f}", True),
        ("console sha256", lambda account: account.facts.console_sha256[:12], False),
        ("state sha256", lambda account: account.facts.state_sha256[:12], False),
    ]


def _notes(accounts: Sequence[Account]) -> str | None:
    notes = dict.fromkeys(
        f"{account.facts.mode}: {note}" for account in accounts for note in account.notes
    )
    return "\n".join(notes) or None
