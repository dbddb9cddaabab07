"""`trapline objcopy`: copy an object or executable with changes, or as a flat image, as GNU's does.

Not here: the copy itself (`assembler.binutils.objcopy`).
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from isa.errors import TraplineError
from trapline.commands import Subparsers
from trapline.gnu_options import GnuParser, Option, Parsed, add_raw_parser

if TYPE_CHECKING:
    from assembler.binutils.objcopy import Changes

EXAMPLES = """\
  trapline objcopy -O binary kernel.elf kernel.bin
  trapline objcopy -S -R .comment kernel.elf small.elf
  trapline objcopy -I binary -O elf64-littleriscv fs.img fs.o"""
STRIPPING = (
    Option("-S -s --strip-all", "", "without symbols and debug information"),
    Option("-g -d --strip-debug", "", "without debug information"),
    Option("--strip-unneeded", "", "without symbols that no relocation needs"),
    Option("-x --discard-all", "", "without local symbols"),
    Option("-X --discard-locals", "", "without the assembler's local symbols"),
    Option("-K --keep-symbol", "NAME", "keep this symbol"),
    Option("-N --strip-symbol", "NAME", "leave this symbol out"),
    Option("-R --remove-section", "NAME", "leave this section out"),
    *(Option("-w --wildcard"), Option("-p --preserve-dates"), Option("-D -U"), Option("-v")),
    *(Option("--enable-deterministic-archives"), Option("--disable-deterministic-archives")),
    *(Option("--keep-file-symbols"), Option("-V --version"), Option("-h -H --help")),
)
OPTIONS = (
    Option("-O --output-target", "FORMAT", "elf64-littleriscv, binary, ihex, srec, verilog"),
    Option("-I --input-target", "FORMAT", "elf64-littleriscv, or binary for any file"),
    *(Option("-F --target", "FORMAT"), Option("-B --binary-architecture", "ARCH")),
    Option("-j --only-section", "NAME", "only this section"),
    Option("--only-keep-debug", "", "only debug information (sections keep their headers)"),
    Option("--rename-section", "OLD=NEW", "rename a section"),
    Option("--redefine-sym", "OLD=NEW", "rename a symbol"),
    Option("--prefix-symbols", "TEXT", "put a text before all symbols"),
    Option("--add-section", "NAME=FILE", "add a section from a file"),
    Option("--update-section", "NAME=FILE", "replace a section's bytes by a file's"),
    Option("--dump-section", "NAME=FILE", "write a section's bytes to a file"),
    Option("--globalize-symbol", "NAME", "make a symbol global"),
    Option("-L --localize-symbol", "NAME", "make a symbol local"),
    Option("-W --weaken-symbol", "NAME", "make a symbol weak"),
    Option("--set-start", "ADDRESS", "set the start address"),
    Option("--gap-fill", "BYTE", "what stands between sections of an image"),
    Option("--pad-to", "ADDRESS", "fill an image up to this address"),
    *(Option("--set-section-flags", "NAME=FLAGS"), Option("--reverse-bytes", "N")),
    *(Option("--no-change-warnings"), Option("--compress-debug-sections", "[=KIND]")),
    *STRIPPING,
)
PARSER = GnuParser("trapline objcopy", OPTIONS, "[OPTION]... INPUT [OUTPUT]", EXAMPLES)
_ELF = ("elf64-littleriscv", "elf64-riscv", "default")


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline objcopy`."""
    return add_raw_parser(subparsers, "objcopy", "copy an ELF file with changes, or as an image")


def run(args: argparse.Namespace) -> int:
    """Copy one file."""
    parsed = PARSER.parse(args.arguments)
    if parsed.has("help", "version"):
        print(PARSER.help() if parsed.has("help") else "GNU objcopy compatible (trapline) 2.40")
        return 0
    if not 1 <= len(parsed.operands) <= 2:
        raise TraplineError("expected an input and an output (see trapline objcopy --help)")
    source, target = parsed.operands[0], parsed.operands[-1]
    changes = read_changes(parsed)
    copy_file(source, target, changes, parsed)
    return 0


def copy_file(source: str, target: str, changes: "Changes", parsed: Parsed) -> None:
    """Copy a file, or each member of an archive."""
    from assembler.binutils import ar
    from assembler.binutils.elf_file import ElfFile
    from assembler.binutils.objcopy import copy, wrap_binary
    from assembler.binutils.opening import open_file

    opened = open_file(source)
    if parsed.last("input-target") == "binary":
        data = wrap_binary(opened.data, source) if changes.output in _ELF else opened.data
    elif opened.is_archive:
        entries = [
            ar.Entry(e.name, copy(ElfFile(e.data, e.name), changes), e.stamp)
            for e in ar.read_archive(source)
        ]
        data = ar.write_archive(entries)
    else:
        elf = opened.elf()
        changes.title = target
        for text in parsed.all("dump-section"):
            name, path = _pair(text, "--dump-section")
            section = elf.named(name)
            if section is None:
                raise TraplineError(f"{source}: there is no section {name!r}")
            Path(path).write_bytes(section.data)
        data = copy(elf, changes)
    mode = Path(source).stat().st_mode & 0o777
    output = Path(target)
    output.write_bytes(data)
    output.chmod(mode)


def read_changes(parsed: Parsed) -> "Changes":
    """Read what to change; `strip` has some of the same options."""
    from assembler.binutils.objcopy import FORMATS, Changes

    output = parsed.last("output-target", parsed.last("target", FORMATS[0]))
    output = FORMATS[0] if output in _ELF else output
    if output not in FORMATS:
        raise TraplineError(f"-O {output}: there are {', '.join(FORMATS)}")
    for key in ("set-section-flags", "reverse-bytes"):
        if parsed.has(key):
            raise TraplineError(f"--{key}: not supported")
    return Changes(
        output=output,
        only=parsed.all("only-section"),
        removed=parsed.all("remove-section"),
        strip=_stripping(parsed),
        discard="all" if parsed.has("discard-all") else "locals" * parsed.has("discard-locals"),
        kept_symbols=parsed.all("keep-symbol"),
        stripped_symbols=parsed.all("strip-symbol"),
        global_symbols=parsed.all("globalize-symbol"),
        local_symbols=parsed.all("localize-symbol"),
        weak_symbols=parsed.all("weaken-symbol"),
        section_names={old: new.partition(",")[0] for old, new in _pairs(parsed, "rename-section")},
        symbol_names=dict(_pairs(parsed, "redefine-sym")),
        prefix=parsed.last("prefix-symbols"),
        added=[(n, _file(p)) for n, p in _pairs(parsed, "add-section")],
        updated={n: _file(p) for n, p in _pairs(parsed, "update-section")},
        entry=_number(parsed, "set-start"),
        fill=_number(parsed, "gap-fill") or 0,
        pad_to=_number(parsed, "pad-to"),
    )


def _stripping(parsed: Parsed) -> str:
    if parsed.has("strip-all"):
        return "all"
    return "unneeded" if parsed.has("strip-unneeded") else "debug" * parsed.has("strip-debug")


def _pairs(parsed: Parsed, key: str) -> list[tuple[str, str]]:
    return [_pair(text, f"--{key}") for text in parsed.all(key)]


def _pair(text: str, option: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not equals or not left or not right:
        raise TraplineError(f"{option} {text}: expected two words with = between")
    return left, right


def _file(path: str) -> bytes:
    from assembler.binutils.opening import open_file

    return open_file(path).data


def _number(parsed: Parsed, key: str) -> int | None:
    text = parsed.last(key)
    if not text:
        return None
    try:
        return int(text, 0)
    except ValueError:
        raise TraplineError(f"--{key} {text}: not a number") from None
