"""`trapline objdump`: show what is in objects, executables and archives, as GNU objdump does.

Not here: what is shown (`assembler.binutils.objdump`).
"""

import argparse
from typing import TYPE_CHECKING

from isa.errors import TraplineError
from trapline.commands import Subparsers
from trapline.gnu_options import GnuParser, Option, Parsed, add_raw_parser, each_file, say

if TYPE_CHECKING:
    from assembler.binutils.disassembly import Style
    from assembler.binutils.objdump import Request

EXAMPLES = """\
  trapline objdump -d kernel.elf
  trapline objdump -dr -M no-aliases --section=.text.entry kernel.o
  trapline objdump -h -t -S kernel.elf"""
OPTIONS = (
    Option("-a --archive-headers", "", "show the headers of an archive's members"),
    Option("-f --file-headers", "", "show the architecture and the start address"),
    Option("-p --private-headers", "", "show the program headers"),
    Option("-h --section-headers --headers", "", "show the section headers"),
    Option("-x --all-headers", "", "show all headers, symbols and relocations"),
    Option("-t --syms", "", "show the symbol table"),
    Option("-r --reloc", "", "show relocations; with -d between the instructions"),
    Option("-T --dynamic-syms", "", "refused: only dynamic objects have such symbols"),
    Option("-R --dynamic-reloc", "", "refused: only dynamic objects have such relocations"),
    Option("-s --full-contents", "", "show the bytes of sections"),
    Option("-d", "", "disassemble code"),
    Option("--disassemble", "[=SYM]", "disassemble code, or only that of a symbol"),
    Option("-D --disassemble-all", "", "disassemble everything"),
    Option("-S --source", "", "put source lines into the disassembly"),
    Option("-l --line-numbers", "", "put file names and line numbers into the disassembly"),
    Option("-j --section", "NAME", "only this section (may be repeated)"),
    Option("-M --disassembler-options", "OPT", "no-aliases, numeric, or capstone"),
    Option("-z --disassemble-zeroes", "", "do not skip zeros"),
    Option("--no-show-raw-insn", "", "leave the instructions' bytes out"),
    Option("--show-raw-insn"),
    Option("--start-address", "ADDR", "begin at this address"),
    Option("--stop-address", "ADDR", "end before this address"),
    Option("-w --wide", "", "do not break lines"),
    *(Option("--special-syms"), Option("--inlines")),
    *(Option("-C --demangle", "[=STYLE]"), Option("-m --architecture", "ARCH")),
    Option("-b --target", "FORMAT", "elf64-littleriscv, or binary for any file, with -D"),
    Option("--adjust-vma", "ADDR", "add this to the addresses of sections"),
    *(Option("-EL"), Option("--file-start-context"), Option("-I --include", "DIR")),
    *(Option("-V -v --version"), Option("-H --help")),
)
PARSER = GnuParser("trapline objdump", OPTIONS, "OPTION... FILE...", EXAMPLES)
_DISASSEMBLING = ("d", "disassemble", "disassemble-all", "source", "line-numbers")
_STYLES = ("no-aliases", "numeric", "capstone")


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline objdump`."""
    return add_raw_parser(subparsers, "objdump", "show what is in an ELF file")


def run(args: argparse.Namespace) -> int:
    """Print what is asked for."""
    from assembler.binutils.objdump import Request, dump

    parsed = PARSER.parse(args.arguments)
    if parsed.has("help", "version"):
        print(PARSER.help() if parsed.has("help") else "GNU objdump compatible (trapline) 2.40")
        return 0
    if parsed.has("dynamic-syms", "dynamic-reloc"):
        name = (parsed.operands or ["a.out"])[0]
        raise TraplineError(f"{name}: not a dynamic object; there are only static ones here")
    request = _request(parsed)
    if request == Request(style=request.style):
        raise TraplineError("nothing to do; -d disassembles, -h, -t and -x show headers")

    each_file(parsed.operands or ["a.out"], lambda name: say(dump(name, request)))
    return 0


def _request(parsed: Parsed) -> "Request":
    from assembler.binutils.objdump import Request

    has, is_all = parsed.has, parsed.has("all-headers")
    return Request(
        archive_headers=is_all or has("archive-headers"),
        file_headers=is_all or has("file-headers"),
        private_headers=is_all or has("private-headers"),
        section_headers=is_all or has("headers"),
        syms=is_all or has("syms"),
        reloc=is_all or has("reloc"),
        full_contents=has("full-contents"),
        disassemble=has(*_DISASSEMBLING[:4]),
        line_numbers=has("line-numbers"),
        source=has("source"),
        is_binary=_is_binary(parsed),
        adjust=_address(parsed, "adjust-vma") or 0,
        style=_style(parsed),
    )


def _is_binary(parsed: Parsed) -> bool:
    target = parsed.last("target", "default")
    if target not in ("default", "binary", "elf64-littleriscv"):
        raise TraplineError(f"-b {target}: there are elf64-littleriscv and binary")
    return target == "binary"


def _style(parsed: Parsed) -> "Style":
    from assembler.binutils.disassembly import Style

    chosen = [word for text in parsed.all("disassembler-options") for word in text.split(",")]
    for word in chosen:
        if word not in _STYLES and not word.startswith("priv-spec="):
            raise TraplineError(f"-M {word}: unknown; there are {', '.join(_STYLES)}")
    symbols = [value for value in parsed.all("disassemble") if value]
    return Style(
        disassemble_all=parsed.has("disassemble-all"),
        zeroes=parsed.has("disassemble-zeroes"),
        raw=not parsed.has("no-show-raw-insn"),
        relocations=parsed.has("reloc", "all-headers"),
        aliases="no-aliases" not in chosen,
        numeric="numeric" in chosen,
        capstone="capstone" in chosen,
        wide=parsed.has("wide"),
        start=_address(parsed, "start-address"),
        stop=_address(parsed, "stop-address"),
        symbol=symbols[-1] if symbols else None,
        sections=tuple(parsed.all("section")),
    )


def _address(parsed: Parsed, key: str) -> int | None:
    text = parsed.last(key)
    if not text:
        return None
    try:
        return int(text, 0)
    except ValueError:
        raise TraplineError(f"--{key}={text}: not a number") from None
