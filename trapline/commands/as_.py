"""`trapline as`: assemble source files into an ELF64 object, with GNU as's options.

The options are those of GNU as, so that a Makefile can use it in its place. Not here: what they
mean for a run (`assembler.job`).
"""

import argparse
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from isa.errors import TraplineError
from trapline.commands import Subparsers
from trapline.gnu_options import GnuParser, Option, Parsed, add_raw_parser

if TYPE_CHECKING:
    from assembler.job import Job, Result

EXAMPLES = """\
  trapline as -o hello.o hello.s
  trapline as -march=rv64imac_zicsr -mno-relax -I include --defsym DEBUG=1 -o k.o k.s
  trapline as -x assembler-with-cpp -DNCPU=4 -I include -o entry.o entry.S
  echo 'ret' | trapline as -o ret.o -"""
OPTIONS = (
    Option("-o", "FILE", "the object, by default a.out"),
    Option("-march", "ISA", "extensions, such as rv64imac_zicsr_zifencei"),
    Option("-mabi", "ABI", "calling convention: lp64, lp64f, lp64d"),
    Option("-mno-relax", "", "leave the linker nothing to relax"),
    Option("-mrelax"),
    Option("-fpic -fPIC", "", "la means an address from the global offset table"),
    Option("-fno-pic"),
    Option("-mcsr-check", "", "warn of CSRs that the architecture does not have"),
    Option("-mno-csr-check"),
    Option("-mpriv-spec", "VERSION", "privileged specification: 1.10, 1.11 or 1.12"),
    *(Option("-misa-spec", "VERSION"), Option("-march-attr"), Option("-mno-arch-attr")),
    *(Option("-mlittle-endian -EL"), Option("-mbig-endian -EB")),
    Option("-I", "DIR", "look for included files there too"),
    Option("--defsym", "SYM=VALUE", "give a symbol a value"),
    Option("-D", "[MACRO]", "define a macro of the preprocessor; else ignored"),
    Option("-U", "MACRO", "undefine a macro of the preprocessor"),
    Option("-x", "LANGUAGE", "assembler, or assembler-with-cpp as for .S files"),
    Option("-E", "", "only preprocess"),
    Option("-isystem", "DIR", "as -I, for the preprocessor"),
    Option("-g --gen-debug", "", "line tables for debuggers"),
    Option("--gdwarf-2"),
    *(Option(f"--gdwarf-{n} -gdwarf-{n}", "", f"line tables of DWARF {n}") for n in (3, 4, 5)),
    *(Option("--gstabs"), Option("--gstabs+"), Option("--gdwarf-sections")),
    Option("-a", "[cdghlmns][=FILE]", "print a listing"),
    *(Option("--listing-lhs-width", "N"), Option("--listing-lhs-width2", "N")),
    *(Option("--listing-rhs-width", "N"), Option("--listing-cont-lines", "N")),
    Option("--MD", "FILE", "write what the object depends on"),
    Option("-W -no-warn --no-warn", "", "suppress warnings"),
    Option("--warn", "", "print warnings (the default)"),
    Option("--fatal-warnings", "", "a warning is an error"),
    Option("-Z", "", "write the object even after errors (not done: there is none)"),
    Option("-L --keep-locals", "", "keep local symbols"),
    *(Option("-R"), Option("-f"), Option("-K"), Option("-J"), Option("-M --mri"), Option("-X")),
    *(Option("-w"), Option("-nocpp"), Option("--alternate"), Option("--hash-size", "N")),
    *(Option("--noexecstack"), Option("--execstack"), Option("--traditional-format")),
    *(Option("--strip-local-absolute"), Option("--reduce-memory-overheads")),
    *(Option("--size-check", "KIND"), Option("--elf-stt-common", "KIND")),
    *(Option("--sectname-subst"), Option("--debug-prefix-map", "OLD=NEW")),
    *(Option("--compress-debug-sections", "[=KIND]"), Option("--nocompress-debug-sections")),
    *(Option("--generate-missing-build-notes", "KIND"), Option("--multibyte-handling", "KIND")),
    *(Option("--gdwarf-cie-version", "N"), Option("-no-pad-sections"), Option("--gsframe")),
    Option("--statistics", "", "print the time it took"),
    *(Option("--target-help"), Option("-v"), Option("--version"), Option("-h --help")),
)
PARSER = GnuParser("trapline as", OPTIONS, "[OPTION]... [FILE]...", EXAMPLES)
_IGNORED_MODES = ("mri", "mbig-endian", "EB")
_LANGUAGES = ("assembler", "assembler-with-cpp", "none")


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add the parser of `trapline as`."""
    return add_raw_parser(subparsers, "as", "assemble GNU-style source into an ELF object")


def run(args: argparse.Namespace) -> int:
    """Assemble; the object is written only when there is no error."""
    parsed = PARSER.parse(args.arguments)
    if parsed.has("help", "target-help", "version"):
        wants_version = parsed.has("version")
        print("GNU assembler compatible (trapline) 2.40" if wants_version else PARSER.help())
        return 0
    for key in _IGNORED_MODES:
        if parsed.has(key):
            raise TraplineError(f"-{key}: not supported")
    from assembler.job import Source, assemble_sources, preprocess_source

    started = time.process_time()
    names = parsed.operands or ["-"]
    sources = [Source(_read(name), "{standard input}" if name == "-" else name) for name in names]
    job = _job(parsed, names)
    if parsed.has("E"):
        for source in sources:
            sys.stdout.write(preprocess_source(source, job))
        return 0
    result = assemble_sources(sources, job)
    output = parsed.last("o", "a.out")
    _warn(parsed, result)
    _write(Path(output), result.object.to_bytes())
    _write_dependencies(parsed, output, result)
    _write_listing(parsed, result)
    if parsed.has("statistics"):
        spent = time.process_time() - started
        print(f"trapline as: total time in assembly: {spent:.6f}", file=sys.stderr)
    return 0


def _write(path: Path, data: bytes) -> None:
    """Write the object; where that fails leave no half of it."""
    try:
        path.write_bytes(data)
    except OSError:
        if path.is_file():
            path.unlink(missing_ok=True)
        raise


def _job(parsed: Parsed, names: list[str]) -> "Job":
    from assembler.job import Job
    from assembler.options import DEFAULT_MARCH

    language = parsed.last("x", "none")
    if language not in _LANGUAGES:
        raise TraplineError(f"-x {language}: there are {', '.join(_LANGUAGES)}")
    is_upper = any(Path(name).suffix in (".S", ".sx") for name in names)
    return Job(
        include_paths=parsed.all("I", "isystem"),
        defines=dict(_define(text) for text in parsed.all("defsym")),
        march=parsed.last("march", DEFAULT_MARCH),
        mabi=parsed.last("mabi") or None,
        relax=_is_on(parsed, "mrelax", "mno-relax", default=True),
        pic=_is_on(parsed, "fPIC", "fno-pic", default=False),
        csr_check=_is_on(parsed, "mcsr-check", "mno-csr-check", default=False),
        priv_spec=_priv_spec(parsed.last("mpriv-spec")),
        has_attributes=_is_on(parsed, "march-attr", "mno-arch-attr", default=True),
        keeps_locals=parsed.has("keep-locals"),
        debug=_debug(parsed),
        preprocess=language == "assembler-with-cpp" or (language == "none" and is_upper),
        macros=[(key, value) for key, value in parsed.options if key in ("D", "U") and value],
        listing=_listing_letters(parsed),
    )


def _is_on(parsed: Parsed, on: str, off: str, *, default: bool) -> bool:
    """Give which of two opposites was said last."""
    said = [key for key, _ in parsed.options if key in (on, off)]
    return said[-1] == on if said else default


def _debug(parsed: Parsed) -> int | None:
    for key, _ in reversed(parsed.options):
        if key in ("gen-debug", "gstabs", "gstabs+"):
            return 0
        if found := re.fullmatch(r"gdwarf-(\d)", key):
            return int(found[1])
    return None


def _priv_spec(text: str) -> tuple[int, int, int] | None:
    if not text:
        return None
    found = re.fullmatch(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if not found or (int(found[1]), int(found[2])) not in ((1, 9), (1, 10), (1, 11), (1, 12)):
        raise TraplineError(f"-mpriv-spec={text}: there are 1.9.1, 1.10, 1.11 and 1.12")
    return int(found[1]), int(found[2]), int(found[3] or 0)


def _read(source: str) -> str:
    if source == "-":
        return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    return Path(source).read_text("utf-8", "surrogateescape")


def _define(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise TraplineError(f"--defsym {text}: expected SYM=VALUE")
    return name, value


def _warn(parsed: Parsed, result: "Result") -> None:
    """Print the warnings; raise TraplineError where they are fatal."""
    if parsed.has("no-warn"):
        return
    for warning in result.warnings:
        print(warning, file=sys.stderr)
    if result.warnings and parsed.has("fatal-warnings"):
        raise TraplineError(f"{len(result.warnings)} warnings, treated as errors")


def _write_dependencies(parsed: Parsed, output: str, result: "Result") -> None:
    path = parsed.last("MD")
    if path:
        names = dict.fromkeys(result.dependencies)
        text = f"{output}: {' '.join(names)}\n"
        text += "".join(f"\n{name}:\n" for name in list(names)[1:])
        Path(path).write_text(text, encoding="utf-8")


def _listing_letters(parsed: Parsed) -> str:
    """Give the letters of all -a options; -a alone means -ahls."""
    if not parsed.has("a"):
        return ""
    letters = "".join(value.partition("=")[0] for value in parsed.all("a"))
    return letters if set(letters) & set("hls") else letters + "hls"


def _write_listing(parsed: Parsed, result: "Result") -> None:
    if not result.listing:
        return
    text = "\n".join(result.listing) + "\n"
    files = [value.partition("=")[2] for value in parsed.all("a") if "=" in value]
    if files:
        Path(files[-1]).write_text(text, encoding="utf-8", errors="surrogateescape")
    else:
        sys.stdout.write(text)
