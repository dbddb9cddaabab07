"""Executables are those of GNU ld: same sections at the same addresses with the same bytes."""

from pathlib import Path
from typing import Any

import pytest

from assembler import assemble, link, read_object
from tests.assembler.gnu import allocated, gnu_assemble, gnu_link, loaded, summarize

MAIN = """
 .globl _start
_start: la a0, x
 call f
 la a1, cc
 lw a2, dd
 .weak nobody
 call nobody
 la a0, nobody
 lla a0, end
 la a0, edata
 .data
x: .word 1
 .dword _start, f, x - _start
 .bss
 .space 8
 .section .rodata
 .word 3
 .half f - _start, x - _start
 .comm cc, 20, 8
 .comm dd, 4, 4
"""
OTHER = """
 .globl f
f: ret
 .data
 .word 5
 .bss
 .align 4
 .space 16
 .comm cc, 24, 16
"""
ORPHANS = """
 .globl _start
_start: nop
 .section .foo, "ax"
 nop
 .section .bar, "a"
 .word 4
 .section .baz, "aw"
 .word _start
 .section .sdata, "aw"
 .word 3
 .section .nothing
 .word 9
"""
PLAIN_SCRIPT = """
SECTIONS {
  . = 0x80000000;
  .text : { *(.text*) }
  . = ALIGN(0x1000);
  .data : { *(.data*) *(.rodata*) foo = . - 0x10; bar = 0x10; . = 0x100; }
  .bss : { *(.bss*) *(COMMON) }
  _end = .; x = _end - 0x80000000; y = ALIGN(_end, 256); end = .; edata = 0;
}
"""
RICH_SCRIPT = """
/* Everything that the grammar knows and GNU ld takes. */
ENTRY(f)
OUTPUT_ARCH(riscv)
K = 0x1000; # a comment of another kind
MEMORY { flash (rx) : ORIGIN = 0x20000000, LENGTH = 64K
  ram (rwx) : ORIGIN = 0x80000000, LENGTH = 1M }
SECTIONS {
  .text : {
    _t = .; KEEP(*(.text.first)) *(.text .text.*) . = ALIGN(16); _e = .;
    LONG(0x12345678) BYTE(1) SHORT(2) QUAD(_t)
  } > flash =0x90
  .rodata : ALIGN(64) { *(SORT(.rodata.*)) *(EXCLUDE_FILE(*in1.o) .rodata) } > flash
  .data : { _d = .; *(.data .data.*); . += 24; _de = .; } > ram AT> flash
  _load = LOADADDR(.data); _size = SIZEOF(.data); _sum = ADDR(.rodata) + K * 2 - 1;
  .bss (NOLOAD) : { *(.bss) *(COMMON) . = . + 0x20; PROVIDE(end = .); } > ram
  PROVIDE(edata = DEFINED(f) ? 7 : 8);
  PROVIDE(unwanted = 5);
  /DISCARD/ : { *(.comment) *(.nothing) }
  ASSERT(_size < 1000 && (_size > 2 || 0) , "too big")
  _last = MAX(_size, 3) << 2 | 1; _mask = ~0xf & 0xff; _not = !5;
}
"""


def symbols_of(data: bytes) -> set[Any]:
    """Give name, value, size and binding of the symbols that are not about files or sections."""
    kinds = ("STT_FILE", "STT_SECTION")
    return {symbol[:5] for symbol in summarize(data).symbols if symbol[4] not in kinds}


def check(texts: list[str], folder: Path, *options: str, **settings: Any) -> None:
    """Link the same objects both ways and compare."""
    objects = [gnu_assemble(text, folder / str(n)) for n, text in enumerate(texts)]
    theirs = gnu_link(objects, folder, *options)
    read = [read_object(data, f"in{n}.o") for n, data in enumerate(objects)]
    ours = link(read, **settings).to_bytes()
    assert allocated(ours) == allocated(theirs)
    assert loaded(ours).entry == loaded(theirs).entry
    assert symbols_of(ours) == symbols_of(theirs)


@pytest.mark.parametrize("texts", [[MAIN, OTHER], [ORPHANS], [ORPHANS, OTHER]])
def test_the_default_layout_is_that_of_gnu_ld(texts: list[str], tmp_path: Path):
    check(texts, tmp_path)


@pytest.mark.parametrize("base", [0x80000000, 0x80200000, 0x10000, 0x80000004])
def test_text_base_moves_the_default_layout(base: int, tmp_path: Path):
    check([MAIN, OTHER], tmp_path, f"-Ttext={base:#x}", text_base=base)


@pytest.mark.parametrize("script", [PLAIN_SCRIPT, RICH_SCRIPT], ids=["plain", "rich"])
@pytest.mark.parametrize("texts", [[MAIN, OTHER], [MAIN, OTHER, ORPHANS.replace("_start", "go")]])
def test_a_script_is_obeyed_as_by_gnu_ld(script: str, texts: list[str], tmp_path: Path):
    path = tmp_path / "script.ld"
    path.write_text(script)
    check(texts, tmp_path, "-T", str(path), script=path)


def test_gnu_ld_links_our_objects(tmp_path: Path):
    texts = [MAIN, OTHER]
    theirs = gnu_link([gnu_assemble(t, tmp_path / str(n)) for n, t in enumerate(texts)], tmp_path)
    ours = gnu_link([assemble(text, relax=False).to_bytes() for text in texts], tmp_path)
    assert allocated(ours) == allocated(theirs)


@pytest.mark.parametrize("name", ["hello", "tick"])
def test_guests_are_linked_to_the_same_memory(name: str, tmp_path: Path):
    guests = Path(__file__).parents[2] / "guests"
    include = [guests / "include", guests / "lib", guests / name]
    options = [f"-I{folder}" for folder in include]
    sources = sorted((guests / name).glob("*.s")) + sorted((guests / "lib").glob("*.s"))
    theirs = gnu_link(
        [gnu_assemble(p.read_text(), tmp_path / p.stem, *options) for p in sources],
        tmp_path,
        "-T",
        str(guests / "link.ld"),
    )
    objects = [
        assemble(p.read_text(), filename=str(p), include_paths=include, relax=False)
        for p in sources
    ]
    ours = link(objects, script=guests / "link.ld").to_bytes()
    assert allocated(ours) == allocated(theirs)
    assert loaded(ours).entry == loaded(theirs).entry
