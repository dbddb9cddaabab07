"""A comparison as a picture: a bar for each mode, stacked by bucket.

Drawn by matplotlib (`pip install trapline[picture]`), as SVG or PNG by the file's name. The same
comparison gives the same bytes of SVG: no date, and fixed identifiers.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from isa.errors import TraplineError
from trapline.overhead import percent
from vmm.schema import BUCKET_CAPTIONS, Bucket

if TYPE_CHECKING:
    from trapline.session import Comparison

SUFFIXES = (".svg", ".png")
COLOURS = {
    Bucket.GUEST: "#9aa5b1",
    Bucket.TLB: "#2f6db5",
    Bucket.PRIVILEGED: "#e08a1e",
    Bucket.MONITOR: "#4c9f5c",
    Bucket.KERNEL_TLB: "#b5473c",
}
DPI = 150
SETTINGS = {"svg.hashsalt": "trapline", "svg.fonttype": "none", "font.size": 9}


def check_picture(filename: str) -> None:
    """Raise TraplineError now for a picture that could not be drawn after a long run."""
    if Path(filename).suffix.lower() not in SUFFIXES:
        raise TraplineError(f"--picture {filename}: expected a name that ends in .svg or .png")
    _library()


def _library() -> Any:
    try:
        import matplotlib as mpl
    except ImportError:
        raise TraplineError(
            "--picture needs matplotlib, which is not installed: pip install 'trapline[picture]'"
        ) from None
    mpl.use("agg")
    return mpl


def draw(comparison: "Comparison", filename: str) -> None:
    """Write the picture of a comparison."""
    library = _library()
    from matplotlib.figure import Figure

    with library.rc_context(SETTINGS):
        figure = Figure(figsize=(1.6 + 1.3 * len(comparison.accounts), 4.2), layout="constrained")
        _draw_bars(figure.subplots(), comparison)
        kind = Path(filename).suffix.lower().removeprefix(".")
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(filename, format=kind, dpi=DPI, metadata=metadata)


def _draw_bars(axes: Any, comparison: "Comparison") -> None:
    """Draw one bar for each run, as parts of the bare board's cycles, with the overhead above."""
    accounts = comparison.accounts
    base = accounts[0].cycles or 1
    names = [account.facts.mode for account in accounts]
    bottoms = [0.0] * len(accounts)
    for bucket, caption in BUCKET_CAPTIONS.items():
        parts = [account.buckets[bucket] / base for account in accounts]
        axes.bar(names, parts, 0.62, bottom=bottoms, label=caption, color=COLOURS[bucket])
        bottoms = [low + part for low, part in zip(bottoms, parts, strict=True)]
    for number, (top, account) in enumerate(zip(bottoms, accounts, strict=True)):
        text = "1" if number == 0 else percent((account.cycles - base) / base)
        axes.annotate(text, (number, top), (0, 3), textcoords="offset points", ha="center")
    axes.set_ylabel("modelled cycles, bare board = 1")
    axes.set_ylim(0, 1.12 * max(bottoms))
    axes.set_title(f"{accounts[0].facts.guest}, costs of {accounts[0].preset}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.figure.legend(loc="outside lower center", ncols=2, frameon=False)
