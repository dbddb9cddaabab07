"""The assembler and linker: GNU-style RISC-V assembly to ELF64, in three lines of Python.

from assembler import assemble, link
image = link([assemble(text, filename="kernel.s")], text_base=0x80200000)
elf = image.to_bytes()
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from assembler.objects import Image, Object

__all__ = ["Image", "Object", "assemble"]


def assemble(
    text: str,
    *,
    filename: str = "<input>",
    include_paths: Sequence[str | Path] = (),
    defines: Mapping[str, int | str] | None = None,
    march: str = "rv64im_zicsr_zifencei",
    mabi: str = "lp64",
) -> Object:
    """Assemble a source text; raise AssemblyErrors with every error in it."""
    from assembler.assembly import Assembly

    return Assembly(include_paths, march, mabi).run(text, filename, defines or {})
