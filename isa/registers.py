"""Names of the integer registers.

Follows the chapter "RISC-V Calling Conventions", section "Integer Register Convention", of the
RISC-V ABIs Specification.
"""

X_NAMES: tuple[str, ...] = (
    *("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1"),
    *(f"a{i}" for i in range(8)),
    *(f"s{i}" for i in range(2, 12)),
    *(f"t{i}" for i in range(3, 7)),
)

_NUMBERS = {name: i for i, name in enumerate(X_NAMES)} | {f"x{i}": i for i in range(32)} | {"fp": 8}


def x_number(name: str) -> int | None:
    """Give the number of an integer register by either name, or None."""
    return _NUMBERS.get(name)
