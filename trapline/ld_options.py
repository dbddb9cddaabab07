"""The command line of `trapline ld`, read as GNU ld reads it.

Long options may have one dash or two, and what they do to the files after them depends on their
place, so argparse cannot read them. Not here: the link (`assembler/linking/`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assembler.linking.options import (
    BinaryFile,
    Group,
    Input,
    Library,
    LinkOptions,
    SymbolsOnly,
)
from isa.errors import TraplineError
from trapline.gnu_options import MAX_FILE, expand
from trapline.ld_names import (
    ACCEPTED,
    ACCEPTED_VALUES,
    EMULATIONS,
    KEYWORDS,
    OPTIONAL,
    PAGES,
    REFUSED,
    WITH_VALUE,
)


@dataclass
class LdArguments:
    """What the command line asks for."""

    options: LinkOptions = field(default_factory=LinkOptions)
    inputs: list[Input] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    default_scripts: list[str] = field(default_factory=list)  # when there is no other
    shows: list[str] = field(default_factory=list)  # "version", "help", "script"
    warnings: list[str] = field(default_factory=list)
    prints_map: bool = False
    traces: bool = False
    memory_usage: bool = False


class LdParser:
    """Reads the arguments of one call."""

    def __init__(self) -> None:
        self.found = LdArguments()
        self._groups: list[list[Input]] = [self.found.inputs]
        self._is_whole = False
        self._is_binary = False
        self._saved: list[tuple[bool, bool]] = []

    def parse(self, arguments: Sequence[str]) -> LdArguments:
        """Read all arguments."""
        pending = list(expand(arguments))
        while pending:
            argument = pending.pop(0)
            if len(argument) < 2 or argument[0] != "-":
                kind = BinaryFile if self._is_binary else Input
                self._groups[-1].append(kind(argument, self._is_whole))
            else:
                self._option(argument, pending)
        if len(self._groups) > 1:
            raise TraplineError("--start-group without --end-group")
        self.found.scripts = self.found.scripts or self.found.default_scripts[-1:]
        return self.found

    def _option(self, argument: str, pending: list[str]) -> None:
        body = argument[2:] if argument.startswith("--") else argument[1:]
        name, equals, value = body.partition("=")
        name = self._whole_name(name, argument)
        if name in REFUSED:
            raise TraplineError(f"{argument}: {REFUSED[name]} cannot be linked here")
        takes = name in WITH_VALUE or name in ACCEPTED_VALUES
        if takes and (len(name) > 1 or body == name):
            if not equals and name not in OPTIONAL:
                value = self._next(argument, pending)
            if name in WITH_VALUE:
                self._set(WITH_VALUE[name], value, argument)
        elif name in ACCEPTED or self._flag(name):
            return
        elif argument[1] != "-" and (body[0] in WITH_VALUE or body[0] in ACCEPTED_VALUES):
            if body[0] in WITH_VALUE:
                self._set(WITH_VALUE[body[0]], body[1:], argument)
        else:
            raise TraplineError(f"unrecognized option '{argument}' (see trapline ld --help)")

    def _whole_name(self, name: str, argument: str) -> str:
        """Complete an abbreviated long option, when only one fits."""
        known = {*WITH_VALUE, *ACCEPTED, *ACCEPTED_VALUES, *_FLAGS, *REFUSED}
        if name in known or not argument.startswith("--") or len(name) < 4:
            return name
        fitting = [one for one in known if one.startswith(name)]
        return fitting[0] if len(fitting) == 1 else name

    def _next(self, argument: str, pending: list[str]) -> str:
        if not pending:
            raise TraplineError(f"option '{argument}' requires an argument")
        return pending.pop(0)

    # ---- options with a value

    def _set(self, name: str, value: str, argument: str) -> None:
        options, found = self.found.options, self.found
        lists: dict[str, list[str]] = {
            "library-path": options.folders,
            "undefined": options.undefined,
            "require-defined": options.required,
            "defsym": options.defines,
            "wrap": options.wrapped,
            "trace-symbol": options.traced,
            "default-script": found.default_scripts,
            "script": found.scripts,
        }
        if name in lists:
            lists[name].append(value)
        elif name in ("output", "entry", "sysroot"):
            setattr(options, name, value)
        elif name == "just-symbols":
            self._groups[-1].append(SymbolsOnly(value))
        elif name == "library":
            self._groups[-1].append(Library(value, self._is_whole))
        elif name.startswith("T") or name == "section-start":
            self._start(name, value, argument)
        elif name == "m" and value not in EMULATIONS:
            raise TraplineError(
                f"unrecognised emulation mode: {value}; only elf64lriscv is supported"
            )
        elif name == "z":
            self._keyword(value)
        elif name == "format":
            self._is_binary = value == "binary"
        elif name == "oformat":
            options.binary = value == "binary"
            if value not in ("binary", "elf64-littleriscv", "elf64-little", "default"):
                raise TraplineError(f"invalid target {value}; supported: elf64-littleriscv, binary")
        else:
            self._choose(name, value)

    def _choose(self, name: str, value: str) -> None:
        options = self.found.options
        if name == "build-id":
            options.build_id = value or "sha1"
        elif name == "sort-common":
            options.sort_common = "descending" if value in ("", "descending") else value
        elif name == "sort-section":
            if value not in ("name", "alignment"):
                raise TraplineError(f"invalid section sorting option: {value}")
            options.sort_section = value
        elif name == "orphan-handling":
            if value not in ("place", "warn", "error", "discard"):
                raise TraplineError(f"invalid argument to option '--orphan-handling': {value}")
            options.orphans = value
        elif name == "unresolved-symbols":
            options.allows_undefined = (
                value.startswith("ignore") and value != "ignore-in-shared-libs"
            )
        elif name == "compress-debug-sections":
            if value not in ("none", "zlib", "zlib-gabi"):
                raise TraplineError(f"invalid --compress-debug-sections option: `{value}'")
            options.compresses_debug = value != "none"
        elif name == "unique" and value:
            options.unique.append(value)
        elif name == "unique":
            options.unique_orphans = True
        elif name == "Map":
            options.map_file = value
        elif name == "retain-symbols-file":
            options.kept_symbols = frozenset(_words_of(value))

    def _start(self, name: str, value: str, argument: str) -> None:
        options = self.found.options
        if name == "section-start":
            name, _, value = value.partition("=")
        try:
            address = int(value, 16)
        except ValueError:
            raise TraplineError(f"invalid hex number `{value}' in {argument}") from None
        if name in ("Ttext", "Tdata", "Tbss"):
            options.starts[f".{name[1:]}"] = address
            options.segment_starts[name[1:]] = address
        elif name.endswith("-segment"):
            options.segment_starts[name[1:]] = address
        else:
            options.starts[name] = address

    def _keyword(self, keyword: str) -> None:
        options = self.found.options
        name, _, value = keyword.partition("=")
        if name in PAGES:
            size = _number(value, "") if value else 0
            if size <= 0 or size & size - 1:
                kind = {"max": "maximum"}.get(name[:3], "common")
                raise TraplineError(f"invalid {kind} page size `{value}'")
            setattr(options, PAGES[name], size)
            if name == "max-page-size":
                options.common_page = min(options.common_page, size)
            else:
                options.max_page = max(options.max_page, size)
        elif name == "stack-size":
            options.stack_size = _number(value, f"invalid stack size `{value}'")
        elif name in ("noexecstack", "execstack"):
            options.executable_stack = name == "execstack"
        elif name in ("separate-code", "noseparate-code"):
            options.separate_code = name == "separate-code"
        elif name == "defs":
            options.allows_undefined = options.warns_undefined = False
        elif name in ("undefs", "muldefs"):
            setattr(options, "allows_undefined" if name == "undefs" else "allows_multiple", True)
        elif name not in KEYWORDS:
            self.found.warnings.append(f"warning: -z {keyword} ignored")

    # ---- options without one

    def _flag(self, name: str) -> bool:
        action = _FLAGS.get(name)
        if action is None:
            return False
        action(self)
        return True

    def group(self, is_start: bool) -> None:
        """Begin or end a group of archives."""
        if is_start:
            self._groups.append([])
        elif len(self._groups) == 1:
            raise TraplineError("group ended before it began (--help for usage)")
        else:
            inputs = self._groups.pop()
            self._groups[-1].append(Group(inputs=inputs))

    def whole(self, is_whole: bool) -> None:
        """Take all members of the archives that follow, or only those that are wanted."""
        self._is_whole = is_whole

    def state(self, is_push: bool) -> None:
        """Save or restore what holds for the files that follow."""
        if is_push:
            self._saved.append((self._is_whole, self._is_binary))
        elif self._saved:
            self._is_whole, self._is_binary = self._saved.pop()


def _words_of(path: str) -> list[str]:
    """Read a file of symbols."""
    try:
        return Path(path).read_bytes()[:MAX_FILE].decode("utf-8", "surrogateescape").split()
    except (OSError, ValueError) as error:
        raise TraplineError(f"cannot read {path}: {error}") from None


def _number(text: str, refusal: str) -> int:
    """Read a number as C has it; 0 when it is none and that is refused elsewhere."""
    try:
        return int(text, 0)
    except ValueError:
        if refusal:
            raise TraplineError(refusal) from None
    return 0


def _put(name: str, value: object = True) -> Callable[[LdParser], None]:
    """Make an action that sets an option of the link."""

    def act(parser: LdParser) -> None:
        setattr(parser.found.options, name, value)

    return act


def _ask(name: str) -> Callable[[LdParser], None]:
    """Make an action that sets something about the command itself."""

    def act(parser: LdParser) -> None:
        setattr(parser.found, name, True)

    return act


def _show(what: str) -> Callable[[LdParser], None]:
    return lambda parser: parser.found.shows.append(what)


def _unpaged(is_writable: bool) -> Callable[[LdParser], None]:
    def act(parser: LdParser) -> None:
        parser.found.options.paged = False
        parser.found.options.text_writable = is_writable

    return act


def _paged(parser: LdParser) -> None:
    parser.found.options.paged = True
    parser.found.options.text_writable = False


def _static(parser: LdParser) -> None:
    """Link statically, as is done anyway."""


_FLAGS: dict[str, Callable[[LdParser], None]] = {
    **dict.fromkeys(("static", "Bstatic", "dn", "non_shared", "Bdynamic", "dy"), _static),
    **dict.fromkeys(("Bsymbolic", "Bsymbolic-functions", "Bgroup", "call_shared"), _static),
    "gc-sections": _put("gc_sections"),
    "no-gc-sections": _put("gc_sections", False),
    "print-gc-sections": _put("print_gc"),
    "relax": _put("relax"),
    "no-relax": _put("relax", False),
    **dict.fromkeys(("r", "relocatable", "i", "Ur"), _put("relocatable")),
    **dict.fromkeys(("q", "emit-relocs"), _put("emit_relocs")),
    **dict.fromkeys(("s", "strip-all"), _put("strip", "all")),
    **dict.fromkeys(("S", "strip-debug"), _put("strip", "debug")),
    **dict.fromkeys(("x", "discard-all"), _put("discard", "all")),
    **dict.fromkeys(("X", "discard-locals"), _put("discard", "locals")),
    "discard-none": _put("discard", "none"),
    **dict.fromkeys(("n", "nmagic"), _unpaged(False)),
    **dict.fromkeys(("N", "omagic"), _unpaged(True)),
    "no-nmagic": _paged,
    "no-omagic": _paged,
    "cref": _put("cross_references"),
    "warn-common": _put("warns_common"),
    "no-undefined": _put("allows_undefined", False),
    "warn-unresolved-symbols": _put("warns_undefined"),
    "error-unresolved-symbols": _put("warns_undefined", False),
    "noinhibit-exec": _put("forces_output"),
    **dict.fromkeys(("z-muldefs", "allow-multiple-definition"), _put("allows_multiple")),
    "no-check-sections": _put("checks_sections", False),
    "check-sections": _put("checks_sections"),
    "fatal-warnings": _put("fatal_warnings"),
    **dict.fromkeys(("w", "no-warnings"), _put("no_warnings")),
    "no-warn-mismatch": _put("allows_mismatch"),
    "warn-rwx-segments": _put("warns_segments"),
    "no-warn-rwx-segments": _put("warns_segments", False),
    **dict.fromkeys(("d", "dc", "dp"), _put("defines_common")),
    "force-group-allocation": _put("resolves_groups"),
    "eh-frame-hdr": _put("eh_frame_header"),
    "no-eh-frame-hdr": _put("eh_frame_header", False),
    "traditional-format": _put("traditional"),
    **dict.fromkeys(("v", "V", "version"), _show("version")),
    "help": _show("help"),
    "verbose": _show("script"),
    **dict.fromkeys(("M", "print-map"), _ask("prints_map")),
    **dict.fromkeys(("t", "trace"), _ask("traces")),
    "print-memory-usage": _ask("memory_usage"),
    **dict.fromkeys(("(", "start-group"), lambda parser: parser.group(True)),
    **dict.fromkeys((")", "end-group"), lambda parser: parser.group(False)),
    "whole-archive": lambda parser: parser.whole(True),
    "no-whole-archive": lambda parser: parser.whole(False),
    "push-state": lambda parser: parser.state(True),
    "pop-state": lambda parser: parser.state(False),
}
