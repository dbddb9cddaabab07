"""Loading what is to be linked: objects, archives, libraries and scripts, in their order.

Follows the manual "The GNU linker", section "Command-line Options" (-l, -L, --start-group) and
"Commands Dealing with Files". An archive's member is linked when it defines what is missing.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from assembler.errors import LinkError, ObjectFormatError, ScriptError
from assembler.linking import model
from assembler.linking.archive import Archive, Member, is_archive
from assembler.linking.model import InputFile, OutSection, Section
from assembler.linking.options import (
    BinaryFile,
    Group,
    Input,
    Library,
    LinkOptions,
    Loaded,
    SymbolsOnly,
)
from assembler.linking.reader import read_file, read_symbols
from assembler.linking.script import MAX_INCLUDES, parse_script
from assembler.linking.statements import Command, Script
from assembler.linking.symbols import SymbolTable

MAX_FILE = 1 << 30
MAX_STREAM = 1 << 26


class Loader:
    """Loads the files of one link into a symbol table."""

    def __init__(self, options: LinkOptions, symbols: SymbolTable, absolute: OutSection) -> None:
        self._options = options
        self._symbols = symbols
        self._absolute = absolute
        self._signatures: dict[str, Section | None] = {}
        self._once: dict[str, Section] = {}
        self._archives: dict[str, Archive] = {}
        self._loaded_members: set[tuple[str, int]] = set()
        self.folders: list[str] = list(options.folders)
        self.files: list[InputFile] = []
        self.scripts: list[Script] = []
        self._depth = 0  # of scripts that scripts name as inputs
        self.trace: list[str] = []

    # ---- files

    def load(self, inputs: Iterable[Input]) -> None:
        """Load inputs one after another; a group again until nothing new is found."""
        for item in inputs:
            if isinstance(item, Group):
                self._load_group(item)
            else:
                self._load_one(item)

    def _load_group(self, group: Group) -> None:
        """Load a group's files once, then search its archives until nothing new is found."""
        count = len(self.files)
        self.load(group.inputs)
        archives = list(self._archives_of(group))
        while archives and count != len(self.files):
            count = len(self.files)
            for path in archives:
                self._load_archive(b"", path, False)

    def _archives_of(self, group: Group) -> Iterator[str]:
        for item in group.inputs:
            if isinstance(item, Group):
                yield from self._archives_of(item)
                continue
            path = self.find_library(item.name)[0] if isinstance(item, Library) else item.path
            if path in self._archives and not item.is_whole:
                yield path

    def _load_one(self, item: Input) -> None:
        if isinstance(item, Loaded):
            self.load_bytes(item.data, item.name, False)
        elif isinstance(item, BinaryFile):
            self._add(binary_file(self.read(item.path), item.path))
        elif isinstance(item, SymbolsOnly):
            self._symbols.add_file(read_symbols(self.read(item.path), item.path))
        elif isinstance(item, Library):
            path, data = self.find_library(item.name)
            self.load_bytes(data, path, item.is_whole)
        else:
            assert not isinstance(item, Group)
            self.load_bytes(self._known(item.path), item.path, item.is_whole)

    def _known(self, path: str) -> bytes:
        """Read a file, but an archive only once."""
        return b"!<arch>\n" if path in self._archives else self.read(path)

    def read(self, path: str) -> bytes:
        """Read a file; refuse the link when it cannot be read."""
        try:
            file = Path(path)
            if file.is_dir() or file.stat().st_size > MAX_FILE:
                raise LinkError(f"cannot use {path}: file format not recognized")
            if file.is_file():
                return file.read_bytes()
            with file.open("rb") as stream:  # a pipe, or a device that may never end
                return stream.read(MAX_STREAM)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise LinkError(f"cannot find {path}: {reason}") from None

    def find_library(self, name: str) -> tuple[str, bytes]:
        """Find `-lname` in the folders: libname.a, or a file of that name after a colon."""
        wanted = name[1:] if name[:1] == ":" else f"lib{name}.a"
        for folder in self.folders:
            path = f"{self._in_root(folder)}/{wanted}"
            if path in self._archives or Path(path).is_file():
                return path, self._known(path)
        raise LinkError(f"cannot find -l{name}: No such file or directory")

    def _in_root(self, folder: str) -> str:
        if folder.startswith("="):
            return self._options.sysroot + folder[1:]
        return folder.rstrip("/") or "/"

    def load_bytes(self, data: bytes, name: str, is_whole: bool) -> None:
        """Load an object, an archive, or a linker script."""
        if is_archive(data):
            self._load_archive(data, name, is_whole)
        elif data[:4] == b"\x7fELF":
            self._add(read_file(data, name, name))
        else:
            self._load_script(data, name)

    def _load_script(self, data: bytes, name: str) -> None:
        if b"\0" in data or not data.strip():
            raise ObjectFormatError(f"{name}: file format not recognized: not an ELF file")
        try:
            script = parse_script(data.decode("utf-8", "surrogateescape"), name, self.find_script)
        except ScriptError as error:
            message = f"{name}: file format not recognized; treating as linker script"
            raise ScriptError(f"{message}: {error.message}", error.location) from None
        self.scripts.append(script)
        self._depth += 1
        if self._depth > MAX_INCLUDES:
            raise ScriptError(f"{name}: linker scripts name each other too deeply")
        self.run_commands(script)
        self._depth -= 1

    def find_script(self, name: str) -> tuple[str, str] | None:
        """Find the text of an included script, here or in the folders of -L."""
        for path in (name, *(f"{folder}/{name}" for folder in self.folders)):
            if Path(path).exists() and not Path(path).is_dir():
                return self.read(path).decode("utf-8", "surrogateescape"), path
        return None

    def run_commands(self, script: Script) -> None:
        """Obey the commands of a script that speak of files and symbols."""
        for statement in script.statements:
            if isinstance(statement, Command):
                self._run(statement, script)

    def _run(self, command: Command, script: Script) -> None:
        if command.name == "SEARCH_DIR":
            self.folders += command.words
        elif command.name == "EXTERN":
            for name in command.words:
                self._symbols.refer(name)
        elif command.name in ("INPUT", "STARTUP", "GROUP"):
            inputs = [self._input(word, script) for word in command.words]
            self.load([Group(inputs=inputs)] if command.name == "GROUP" else inputs)

    def _input(self, word: str, script: Script) -> Input:
        if word.startswith("-l"):
            return Library(word[2:])
        beside = Path(script.filename).parent / word
        for path in (word, str(beside), *(f"{folder}/{word}" for folder in self.folders)):
            if Path(path).is_file():
                return Input(path)
        raise LinkError(f"cannot find {word}: No such file or directory")

    # ---- archives

    def _load_archive(self, data: bytes, name: str, is_whole: bool) -> None:
        archive = self._archives.get(name)
        if archive is None:
            archive = self._archives[name] = Archive(data, name)
        if is_whole:
            for member in archive.members.values():
                self._load_member(archive, member, "--whole-archive")
            return
        index = archive.index
        is_changed = True
        while is_changed:
            is_changed = False
            for symbol, at in index:
                if self._is_wanted(symbol, archive, at):
                    self._load_member(archive, archive.members[at], symbol)
                    is_changed = True

    def _is_wanted(self, name: str, archive: Archive, at: int) -> bool:
        if (archive.name, at) in self._loaded_members:
            return False
        symbol = self._symbols.get(name)
        if symbol is None or symbol.kind not in (model.UNDEFINED, model.COMMON):
            return False
        if symbol.kind == model.UNDEFINED:
            return True
        member = archive.members[at]
        file = read_file(member.data, f"{archive.name}({member.name})", member.name)
        found = (one for one in file.symbols[file.first_global :] if one.name == name)
        return any(one.kind == model.DEFINED and one.binding == 1 for one in found)

    def _load_member(self, archive: Archive, member: Member, why: str) -> None:
        key = (archive.name, member.offset)
        if key in self._loaded_members:
            return
        self._loaded_members.add(key)
        shown = f"{archive.name}({member.name})"
        if member.data[:4] != b"\x7fELF" and why == "--whole-archive":
            return
        file = read_file(member.data, shown, member.name)
        file.archive = archive.name
        cause = self._symbols.get(why)
        by = cause.file.name if cause is not None and cause.file is not None else ""
        self.trace.append(f"{shown}\n{' ' * 30}{by} ({why})" if by else f"{shown} ({why})")
        self._add(file)

    # ---- objects

    def _add(self, file: InputFile) -> None:
        file.order = len(self.files)
        self.files.append(file)
        self._discard_duplicates(file)
        self._symbols.add_file(file)

    def _discard_duplicates(self, file: InputFile) -> None:
        """Link a COMDAT group, or a `.gnu.linkonce` section, only from the first file with it."""
        for group in file.groups:
            if not group.is_comdat:
                continue
            if group.signature in self._signatures:
                for member in group.members:
                    member.output = self._absolute
                    member.kept = self._once.get(f"{group.signature}\0{member.name}")
                continue
            self._signatures[group.signature] = None
            for member in group.members:
                self._once[f"{group.signature}\0{member.name}"] = member
        for section in file.all_sections():
            if section.flags & model.LINK_ONCE:
                first = self._once.setdefault(section.name, section)
                if first is not section:
                    section.output, section.kept = self._absolute, first


def binary_file(data: bytes, path: str) -> InputFile:
    """Make an object of any file's bytes, with the symbols that GNU ld gives it."""
    file = InputFile(path, path, is_binary=True)
    section = Section(file, ".data", model.SHT_PROGBITS, model.SHF_ALLOC | model.SHF_WRITE)
    section.data, section.size, section.raw_size, section.index = data, len(data), len(data), 1
    file.sections = [None, section]
    stem = "".join(c if c.isalnum() and c.isascii() else "_" for c in path)
    values: Sequence[tuple[str, int, Section | None]] = (
        (f"_binary_{stem}_start", 0, section),
        (f"_binary_{stem}_end", len(data), section),
        (f"_binary_{stem}_size", len(data), None),
    )
    for name, value, home in values:
        symbol = model.Symbol(name)
        symbol.kind, symbol.value, symbol.section, symbol.binding = model.DEFINED, value, home, 1
        symbol.file = file
        file.symbols.append(symbol)
    return file
