"""Instructions as Capstone shows them: another view, for `objdump -M capstone`.

Not here: what an instruction is (`isa.spec`), and GNU's view (`insn_text.py`).
"""

import capstone

from assembler.binutils.insn_text import Text


class CapstonePrinter:
    """Prints instructions with Capstone; distances of jumps stay distances."""

    def __init__(self) -> None:
        self._engine = capstone.Cs(
            capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV64 | capstone.CS_MODE_RISCVC
        )

    def print(self, word: int) -> Text | None:
        """Give the text of an instruction, or None when Capstone knows none."""
        data = word.to_bytes(4 if word & 3 == 3 else 2, "little")
        for _, _, mnemonic, operands in self._engine.disasm_lite(data, 0):
            return Text(f"{mnemonic}\t{operands}" if operands else str(mnemonic))
        return None
