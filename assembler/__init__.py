"""The assembler and linker: GNU-style RISC-V assembly to ELF64, in three lines of Python.

from assembler import assemble, link
image = link([assemble(text, filename="kernel.s")], text_base=0x80200000)
elf = image.to_bytes()
"""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assembler.artifacts import Image, Object
    from assembler.errors import AssemblyError, AssemblyErrors, LinkError

__all__ = [
    "AssemblyError",
    "AssemblyErrors",
    "Image",
    "LinkError",
    "Object",
    "assemble",
    "link",
    "read_object",
]


def assemble(
    text: str,
    *,
    filename: str = "<input>",
    include_paths: Sequence[str | Path] = (),
    defines: Mapping[str, int | str] | None = None,
    march: str = "rv64im_zicsr_zifencei",
    mabi: str | None = None,
    relax: bool = True,
    pic: bool = False,
    debug: bool | int = False,
    preprocess: bool = False,
    macros: Mapping[str, int | str] | None = None,
) -> "Object":
    """Assemble a source text; raise AssemblyErrors with every error in it.

    `relax` lets a linker shorten code, as GNU as does unless it is told `-mno-relax`. Without an
    ABI it is the one that the architecture suggests. `debug` makes line tables, of a version of
    DWARF if it is a number. `preprocess` runs the C preprocessor first, with `macros` defined.
    What is suspicious is in the object's `warnings`.
    """
    from assembler.job import Job, Source, assemble_sources

    job = Job(
        include_paths=include_paths,
        defines=defines or {},
        march=march,
        mabi=mabi,
        relax=relax,
        pic=pic,
        debug=int(debug) if debug not in (False, True) else 0 if debug else None,
        preprocess=preprocess or bool(macros),
        macros=[("D", f"{name}={value}") for name, value in (macros or {}).items()],
    )
    return assemble_sources([Source(text, filename)], job).object


def read_object(data: bytes, filename: str = "<object>") -> "Object":
    """Read a relocatable ELF64 object, as GNU as, GCC or `Object.to_bytes` write them."""
    from assembler import elf_reader

    return elf_reader.read_object(data, filename)


def link(
    objects: Sequence["Object"],
    *,
    script: str | Path | None = None,
    text_base: int | None = None,
    entry: str | int | None = None,
    defines: Mapping[str, int] | None = None,
    section_starts: Mapping[str, int] | None = None,
    relax: bool = True,
) -> "Image":
    """Link objects into a static executable.

    `script` is a linker script's text, or its path. `text_base` is where `.text` starts. `relax`
    shortens code that was assembled so that it may be. Raises LinkError, or LinkErrors with
    everything that is wrong.
    """
    from assembler.linker import link_objects

    starts = dict(section_starts or {})
    if text_base is not None:
        starts[".text"] = text_base
    return link_objects(objects, script, entry, defines or {}, starts, relax)


# Where the other names are: imported when they are first asked for, so that tools which need none
# of them start sooner.
_ELSEWHERE = MappingProxyType(
    {
        "AssemblyError": "assembler.errors",
        "AssemblyErrors": "assembler.errors",
        "Image": "assembler.artifacts",
        "LinkError": "assembler.errors",
        "Object": "assembler.artifacts",
    }
)


def __getattr__(name: str) -> Any:
    if name not in _ELSEWHERE:
        raise AttributeError(f"module 'assembler' has no attribute {name!r}")
    return getattr(importlib.import_module(_ELSEWHERE[name]), name)
