"""A program to compare sides with: memory contents and the state a hart starts from.

A program always starts in M-mode. It can be written out as a GNU assembly file that contains all of
it: memory as instructions and data, and behind them code that makes the starting state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from isa.csrs import CSRS
from isa.disasm import disassemble
from isa.spec import TABLE
from isa.trap import Detail

RAM_BASE = 0x8000_0000
RAM_SIZE = 0x2_8000
_PRIVILEGED = "zihpm_smepmp_smstateen_sscofpmf_sstc_svadu_svinval_svnapot_svpbmt"
_INTEGER = (
    "zicond_zimop_zihintpause_zihintntl_zicbom_zicbop_zicboz_zacas_zabha_zawrs"
    "_zba_zbb_zbc_zbs_zbkb_zbkc_zbkx_zknd_zkne_zknh_zksed_zksh"
)
EXTENSIONS = f"zicntr_zicsr_zifencei_{_INTEGER}_{_PRIVILEGED}"
ISA = f"rv64imafdch_zfh_zfa_zcb_zcmop_{EXTENSIONS}_sv57"
ISA_WITHOUT_C = f"rv64imafdh_zfh_zfa_{EXTENSIONS}_sv57"
"""Of our engines and of Spike."""
ISA_WITH_LITTLE = "rv64im_zicsr_zifencei"
"""Of every side."""
ISA_OF_QEMU = (
    "rv64imafdc_zicntr_zicsr_zifencei_zihintpause_zfh_zba_zbb_zbc_zbs_zbkb_zbkc_zbkx_zknd_zkne_zknh"
    "_zksed_zksh_sv57"
)
"""Of QEMU 7.2, less what it has otherwise or cannot show: H, Sstc, Zihpm, Svnapot, Svpbmt, Svinval.

With Svnapot or Svpbmt it does not look at reserved bits of entries.
"""


@dataclass(frozen=True)
class Program:
    """`code` are instruction words at `start`; `handlers` and `data` lie at their addresses."""

    code: tuple[int, ...] = ()
    start: int = RAM_BASE + 0x4000
    handlers: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    data: Mapping[int, bytes] = field(default_factory=dict)
    x: tuple[int, ...] = (0,) * 32
    csrs: Mapping[str, int] = field(default_factory=dict)
    seed: str = ""
    isa: str = ISA
    traps_misaligned: bool = False
    detail: Detail = Detail.ADDRESSES  # as Spike

    def segments(self) -> dict[int, bytes]:
        """Give all memory contents by address."""
        found = {at: pad(pack(words)) for at, words in self.handlers.items()}
        if self.code:
            found[self.start] = pad(pack(self.code))
        return found | dict(self.data)

    def with_code(self, code: tuple[int, ...]) -> "Program":
        """Give the program with other code."""
        return replace(self, code=code)


def pack(words: tuple[int, ...]) -> bytes:
    """Give instruction words as bytes."""
    return b"".join(word.to_bytes(4, "little") for word in words)


def pad(raw: bytes) -> bytes:
    """Fill up to a multiple of 8 bytes."""
    return raw + bytes(-len(raw) % 8)


def to_assembly(program: Program, why: str = "") -> str:
    """Write a program out as a `.S` that assembles to the same memory and the same start."""
    lines = [f"# {line}" for line in why.splitlines()]
    lines += [f"# generated from seed {program.seed!r}, for {program.isa}"]
    lines += [f"# riscv64-unknown-elf-as -march=rv64i_zicsr, ld -Ttext={RAM_BASE:#x}"]
    lines += ["# misaligned loads and stores trap"] if program.traps_misaligned else []
    lines += ["    .option norvc", "    .globl _start", "    .text"]
    listed = {program.start: program.code} | dict(program.handlers)
    position = RAM_BASE
    for at, raw in sorted(program.segments().items()):
        lines.append(f"    .zero {at - position:#x}" if at > position else "")
        lines.append("program:" if at == program.start else f"at_{at:x}:")
        if at in listed:
            lines += [_line(word, at + 4 * i) for i, word in enumerate(listed[at])]
            lines += ["    .zero 4"] if len(listed[at]) % 2 else []
        else:
            lines += _data_lines(raw)
        position = at + len(raw)
    lines += _start_lines(program)
    return "\n".join(line for line in lines if line) + "\n"


def _start_lines(program: Program) -> list[str]:
    """Give the code that sets CSRs and registers in M-mode, and goes to the program."""
    lines = ["_start:"]
    for name, value in program.csrs.items():
        number = CSRS.by_name[name].number
        lines += [f"    li t0, {value:#x}", f"    csrw {number:#x}, t0  # {name}"]
    lines += [f"    li x{i}, {value:#x}" for i, value in enumerate(program.x) if i]
    return [*lines, "    j program" if program.code else f"    j {program.start:#x}"]


def _line(word: int, at: int) -> str:
    """Give a word as data, with its text as a comment: what is compared is the bits."""
    if word & 3 == 3:
        text = disassemble(word, at) if TABLE.decode(word) else "no instruction"
    else:
        text = " | ".join(disassemble(parcel, at) for parcel in (word & 0xFFFF, word >> 16))
    text = text.replace("\t", " ")
    return f"    .word {word:#010x}  # {at:x}: {text}"


def _data_lines(raw: bytes) -> list[str]:
    """Give data as words of 8 bytes, zeros in one line."""
    lines = []
    zeros = 0
    for i in range(0, len(raw), 8):
        value = int.from_bytes(raw[i : i + 8], "little")
        if value == 0:
            zeros += 8
            continue
        lines += [f"    .zero {zeros:#x}"] if zeros else []
        lines.append(f"    .dword {value:#x}")
        zeros = 0
    return lines + ([f"    .zero {zeros:#x}"] if zeros else [])
