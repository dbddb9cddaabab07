"""Names of the integer and floating-point registers, and of rounding modes.

Follows the chapter "RISC-V Calling Conventions", sections "Integer Register Convention" and
"Floating-point Register Convention", of the RISC-V ABIs Specification.
"""

X_NAMES: tuple[str, ...] = (
    *("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1"),
    *(f"a{i}" for i in range(8)),
    *(f"s{i}" for i in range(2, 12)),
    *(f"t{i}" for i in range(3, 7)),
)

F_NAMES: tuple[str, ...] = (
    *(f"ft{i}" for i in range(8)),
    *("fs0", "fs1"),
    *(f"fa{i}" for i in range(8)),
    *(f"fs{i}" for i in range(2, 12)),
    *(f"ft{i}" for i in range(8, 12)),
)

MODES = {0: "rne", 1: "rtz", 2: "rdn", 3: "rup", 4: "rmm", 7: "dyn"}
"""Names of the rounding modes, as an instruction's field numbers them."""

_NUMBERS = {name: i for i, name in enumerate(X_NAMES)} | {f"x{i}": i for i in range(32)} | {"fp": 8}
_F_NUMBERS = {name: i for i, name in enumerate(F_NAMES)} | {f"f{i}": i for i in range(32)}


def x_number(name: str) -> int | None:
    """Give the number of an integer register by either name, or None."""
    return _NUMBERS.get(name)


def f_number(name: str) -> int | None:
    """Give the number of a floating-point register by either name, or None."""
    return _F_NUMBERS.get(name)
