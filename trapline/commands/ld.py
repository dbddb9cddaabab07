"""`trapline ld`: link ELF64 objects into a static executable, with GNU ld's options.

The options are those of GNU ld, so that a Makefile can use it in its place. Not here: the options
(`trapline/ld_options.py`) and the link (`assembler/linking/`).
"""

import argparse
import sys
from importlib.resources import files
from pathlib import Path

from isa.errors import TraplineError
from trapline.commands import Subparsers
from trapline.gnu_options import add_raw_parser
from trapline.ld_options import LdArguments, LdParser

HELP = """\
usage: trapline ld [OPTION]... FILE...

Link RISC-V ELF64 objects and archives into a static executable. The options are GNU ld's:
  -o FILE, -T SCRIPT, -e SYMBOL, -L DIR, -l NAME, -u SYMBOL, --defsym SYM=EXPRESSION
  -Ttext ADDRESS, -Tdata, -Tbss, --section-start NAME=ADDRESS, -Ttext-segment ADDRESS
  --gc-sections, --print-gc-sections, --no-relax, -r, -s, -S, -x, -X, -n, -N
  --start-group ... --end-group, --whole-archive, -Map FILE, --print-map, -b binary
  --build-id[=STYLE], --oformat binary, --orphan-handling MODE, --sort-section KEY, --wrap SYMBOL
  -z max-page-size=N, -z common-page-size=N, -z noexecstack, --noinhibit-exec, --fatal-warnings

examples:
  trapline ld -T kernel.ld -o kernel.elf start.o main.o
  trapline ld -Ttext=0x80200000 -e _start --gc-sections -o kernel.elf kernel.o -L. -lc"""
VERSION = "GNU ld compatible (trapline) 2.40"


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline ld`."""
    return add_raw_parser(subparsers, "ld", "link ELF objects into a static executable")


def run(args: argparse.Namespace) -> int:
    """Link; the executable is written only when there is no error."""
    found = LdParser().parse(args.arguments)
    for what in dict.fromkeys(found.shows):
        print(_shown(what))
    if not found.inputs and found.shows:
        return 0
    if not found.inputs and not found.scripts:
        raise TraplineError("no input files")
    return _link(found)


def _shown(what: str) -> str:
    if what == "script":
        text = files("assembler").joinpath("default.ld").read_text("utf-8")
        rule = "=" * 50
        return f"{VERSION}\nusing internal linker script:\n{rule}\n{text}\n{rule}"
    return HELP if what == "help" else VERSION


def _link(found: LdArguments) -> int:
    from assembler.linking.driver import Link, read_scripts
    from assembler.linking.map_file import link_map, memory_usage

    options = found.options
    linking = Link(options)
    script = read_scripts(found.scripts, linking.loader)
    try:
        data = linking.run(found.inputs, script)
    finally:
        for message in (*found.warnings, *linking.context.messages, *linking.context.warnings):
            print(f"trapline ld: {message}", file=sys.stderr)
    if options.fatal_warnings and linking.context.warnings:
        raise TraplineError("warnings are treated as errors (--fatal-warnings)")
    output = Path(options.output)
    output.write_bytes(data)
    if not options.relocatable:
        output.chmod(output.stat().st_mode | 0o111)
    if found.traces:
        files = [file.archive or file.name for file in linking.context.files]
        _show("\n".join(dict.fromkeys(files)))
    watcher = linking.context.symbols.watcher
    if watcher is not None and options.cross_references and options.map_file is None:
        _show("\n".join(watcher.table()))
    if found.memory_usage:
        _show(memory_usage(linking))
    if options.map_file not in (None, "-"):
        Path(str(options.map_file)).write_text(link_map(linking), "utf-8", "surrogateescape")
    elif found.prints_map or options.map_file:
        _show(link_map(linking))
    if linking.context.errors:
        for error in linking.context.errors:
            print(f"trapline ld: {error}", file=sys.stderr)
        return 1 if not options.forces_output else 0
    return 0


def _show(text: str) -> None:
    """Print a text in which names may hold bytes that are no characters."""
    print(text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))
