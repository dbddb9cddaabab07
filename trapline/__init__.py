"""The public face of Trapline: the `trapline` command and what scripts and notebooks import.

Everything here is thin. The instruction set is in `isa`, the assembler and linker in `assembler`,
the board and the monitor in `vmm`, the bundled kernels in `guests`.

    >>> import trapline
    >>> result = trapline.boot("tick", mode="softtlb")
    >>> result.exit_status, result.account.exits["sbi"]
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trapline.session import Comparison, Result, boot, compare, run

__version__ = "0.1.0"
__all__ = ["Comparison", "Result", "__version__", "boot", "compare", "run"]


def __getattr__(name: str) -> object:
    """Import what is asked for; `import trapline` alone stays quick."""
    if name in __all__:
        from trapline import session

        return getattr(session, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
