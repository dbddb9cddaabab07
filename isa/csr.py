"""How a CSR is described, and the table that holds them; the rows are in `isa/csrs.py`.

Most CSRs are a slot and a write mask; those whose access does more name functions, written in the
words that every engine executes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from isa.errors import SpecError
from isa.state import Slot

ALL = (1 << 64) - 1
Reader = Callable[..., int]
Writer = Callable[..., None]


@dataclass(frozen=True)
class Csr:
    """One CSR. Reads give `read(hart)`, or the slot, or `fixed`; writes change `mask` bits.

    One of a family has an `index`, which its functions take after the hart.
    """

    name: str
    number: int
    doc: str
    slot: int | None = None
    mask: int = ALL
    fixed: int = 0
    read: Reader | None = None
    write: Writer | None = None
    ext: str = ""  # the extension it comes with, if it can be missing
    index: int | None = None

    @property
    def priv(self) -> int:
        """The least privilege level that may access it."""
        return self.number >> 8 & 3

    @property
    def is_read_only(self) -> bool:
        """Whether the number says that any write is illegal."""
        return self.number >> 10 == 3


class CsrTable:
    """All CSRs, by name and by number."""

    def __init__(self, csrs: Iterable[Csr]) -> None:
        self.by_name: dict[str, Csr] = {}
        self.by_number: dict[int, Csr] = {}
        for csr in csrs:
            other = self.by_number.get(csr.number) or self.by_name.get(csr.name)
            if other:
                raise SpecError(f"CSR {csr.name} ({csr.number:#x}) conflicts with {other.name}")
            self.by_name[csr.name] = csr
            self.by_number[csr.number] = csr


__all__ = ["ALL", "Csr", "CsrTable", "Slot"]
