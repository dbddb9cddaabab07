"""The extensions that exist here, and the bit of `Slot.ISA` that says a hart has one.

A hart's ISA is chosen when it is made: what is not selected traps as illegal. Names are those of
the ISA string (chapter "ISA Extension Naming Conventions" of the RISC-V Unprivileged ISA).
"""

NAMES: tuple[str, ...] = (
    *("I", "M", "A", "F", "D", "C", "S", "U", "Zicsr", "Zifencei", "Zicntr"),
    *("Zfhmin", "Zfh", "Zfa", "Zcb", "Zcmop"),
    *("H", "Sv48", "Sv57", "Svade", "Svadu", "Svnapot", "Svpbmt", "Svinval"),
    *("Zihpm", "Sstc", "Sscofpmf", "Smstateen", "Smepmp"),
    *("Zba", "Zbb", "Zbc", "Zbs", "Zbkb", "Zbkc", "Zbkx", "Zknd", "Zkne", "Zknh", "Zksed", "Zksh"),
    *("Zicond", "Zimop", "Zacas", "Zabha", "Zawrs"),
    *("Zicbom", "Zicbop", "Zicboz", "Zihintntl", "Zihintpause"),
)

BITS: dict[str, int] = {name: 1 << at for at, name in enumerate(NAMES)}
ALL = (1 << len(NAMES)) - 1
assert ALL < 1 << 64, "a slot has no room for so many extensions"
ON_REQUEST = ("H", "Svade", "Smstateen")
"""What kernels that do not know of it run better, or only, without."""
DEFAULT = ALL & ~sum(BITS[name] for name in ON_REQUEST)


def mask(ext: str) -> int:
    """Give the bits of which a hart needs one; `ext` is a name, or names with bars between.

    A name that is not in the table is a user's own extension, which every hart has.
    """
    bits = 0
    for name in ext.split("|"):
        bits |= BITS.get(name, ALL)
    return bits


def needs(ext: str) -> tuple[int, ...]:
    """Give the masks of which a hart needs a bit each; `ext` may name several, `&` between."""
    return tuple(mask(one) for one in ext.split("&"))
