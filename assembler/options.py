"""What code is assembled for: the architecture, the ABI, and the switches of `.option`.

Not here: architecture strings (`architecture.py`) and the directive itself (`directives/`).
"""

from dataclasses import dataclass, field, replace

from assembler.architecture import Architecture, parse_architecture
from assembler.errors import Complaint, nearest

DEFAULT_MARCH = "rv64imafd_zicsr_zifencei"
_FLOAT_ABIS = {"lp64": 0, "lp64f": 2, "lp64d": 4, "lp64q": 6}
_FLOAT_EXTENSIONS = {"lp64f": "f", "lp64d": "d", "lp64q": "q"}
_RVC_FLAG, _TSO_FLAG = 1, 0x10
PRIV_SPEC = (1, 11, 0)  # what GNU as records by default once a CSR is named


@dataclass(frozen=True)
class Switches:
    """What `.option` changes, and `push` and `pop` keep."""

    arch: Architecture
    rvc: bool = False
    relax: bool = True
    pic: bool = False
    csr_check: bool = False


@dataclass
class Target:
    """What is recorded about a whole object, and the switches at the place being assembled."""

    switches: Switches
    chosen_abi: str | None = None
    flags: int = 0  # of the ELF header, but for the ABI's
    stack_align: int | None = None
    unaligned_access: int | None = None
    source_name: str = ""
    keeps_locals: bool = False  # temporary labels are put into the symbol table too
    priv_spec: tuple[int, int, int] = (0, 0, 0)
    stack: list[Switches] = field(default_factory=list)
    attributes: dict[int, int | str] = field(default_factory=dict)  # those without a meaning here
    gnu_attributes: dict[int, int | str] = field(default_factory=dict)

    @property
    def arch(self) -> str:
        """The architecture with versions, as objects record it."""
        return self.switches.arch.text

    @property
    def elf_flags(self) -> int:
        """The `e_flags` of the ELF header."""
        return self.flags | _FLOAT_ABIS[self.abi]

    @property
    def abi(self) -> str:
        """The ABI chosen, or else the one of the widest floating-point registers there are."""
        if self.chosen_abi is not None:
            return self.chosen_abi
        arch = self.switches.arch
        return next((a for a in ("lp64q", "lp64d") if arch.has(_FLOAT_EXTENSIONS[a])), "lp64")

    def set_architecture(self, arch: Architecture) -> None:
        """Assemble for another architecture from here on."""
        self.set_switches(arch=arch, rvc=arch.has_compressed)
        if arch.has("ztso"):
            self.flags |= _TSO_FLAG

    def set_switches(self, **changes: object) -> None:
        """Change switches from here on."""
        self.switches = replace(self.switches, **changes)  # type: ignore[arg-type]
        if self.switches.rvc:
            self.flags |= _RVC_FLAG

    def push(self) -> None:
        """Keep the switches."""
        self.stack.append(self.switches)

    def pop(self) -> None:
        """Go back to the switches kept last; raise Complaint when there are none."""
        if not self.stack:
            raise Complaint(".option pop without .option push")
        self.switches = self.stack.pop()


def make_target(
    march: str = DEFAULT_MARCH, mabi: str | None = None, *, relax: bool = True, pic: bool = False
) -> Target:
    """Read `-march` and `-mabi`; raise Complaint for what does not exist or does not fit."""
    arch = parse_architecture(march)
    if mabi is not None and mabi not in _FLOAT_ABIS:
        known = ", ".join(_FLOAT_ABIS)
        raise Complaint(
            f"ABI {mabi!r} is not supported{nearest(mabi, _FLOAT_ABIS)}; known: {known}"
        )
    needed = _FLOAT_EXTENSIONS.get(mabi or "")
    if needed and not arch.has(needed):
        raise Complaint(f"ABI {mabi} cannot be used without extension {needed}")
    target = Target(Switches(arch, relax=relax, pic=pic), mabi)
    target.set_architecture(arch)
    return target
