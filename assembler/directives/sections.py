"""Directives that choose the section that is filled.

Follows the manual "Using as", section "Section", for ELF targets. What sections of well-known names
are is in `section_kinds.py`.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assembler.directives.section_kinds import Known, known_section
from assembler.directives.table import Directive, Table
from assembler.errors import Complaint, nearest
from assembler.objects import SECTION_FLAGS, SECTION_TYPES
from assembler.parse import Operands, SectionHeader
from assembler.sections import Section

if TYPE_CHECKING:
    from assembler.assembly import Assembly

MAX_SUBSECTION = 1 << 13
_POINTER = 8
_SHORT = (".text", ".data", ".bss", ".rodata")
_TYPES = ("progbits", "nobits", "note", "init_array", "fini_array", "preinit_array", "unwind")
_SAME_GROUP = "?"  # the flag for "in the group of the section before"
_HASH_WORDS = {"#alloc": "a", "#write": "w", "#execinstr": "x", "#exclude": "e", "#tls": "T"}


@dataclass(frozen=True)
class _Request:
    """What a header asks for; None stands for what it does not say."""

    name: str
    flags: str | None = None
    kind: str | None = None
    entsize: int = 0
    group: str = ""
    is_comdat: bool = False
    linked: str = ""
    unique: int | None = None
    more_flags: int = 0

    @property
    def key(self) -> str:
        """The name, made different where sections of one name are different sections."""
        if not (self.group or self.linked) and self.unique is None:
            return self.name
        return "\0".join((self.name, self.group, self.linked, str(self.unique)))


def _read(assembly: "Assembly", header: SectionHeader) -> Section:
    """Give the section of a header, made now if it is new."""
    request = _request(assembly, header)
    known = known_section(request.name)
    found = assembly.sections.get(request.key)
    if found is not None:
        _compare(assembly, request, known, found)
        return found
    flags, kind = _settle(assembly, request, known)
    section = assembly.open_section(request.key, flags, kind, request.entsize)
    section.name = request.name
    section.group, section.is_comdat = request.group, request.is_comdat
    section.linked, section.more_flags = request.linked, request.more_flags
    if kind.endswith("_array") and not section.entsize:
        section.entsize = _POINTER
    return section


# ---- reading


def _request(assembly: "Assembly", header: SectionHeader) -> _Request:
    request = _Request(header.name)
    arguments = list(header.arguments)
    if not arguments:
        return request
    if all(word in _HASH_WORDS for word in arguments):
        return replace(request, flags="".join(_HASH_WORDS[str(word)] for word in arguments))
    first = arguments.pop(0) or ""
    if not first.startswith('"'):
        raise Complaint(f"the flags of section {header.name} are a string, not {first}")
    request = _flagged(assembly, request, first[1:-1])
    if arguments and (arguments[0] or "") != "unique":
        request = replace(request, kind=_type(assembly, arguments.pop(0) or ""))
    return _qualified(assembly, request, [word or "" for word in arguments])


def _flagged(assembly: "Assembly", request: _Request, text: str) -> _Request:
    """Read the letters or the number of the flags."""
    if text[:1].isdigit():
        try:
            bits = int(text, 0) if text != "0" else 0
        except ValueError:
            raise Complaint(f"{text!r} is neither letters nor a number") from None
        letters = {letter for letter, bit in SECTION_FLAGS.items() if bits & bit}
        _bounded(bits, 64, "flags")
        rest = bits & ~sum(SECTION_FLAGS[letter] for letter in letters)
        return replace(request, flags="".join(sorted(letters)), more_flags=rest)
    if _SAME_GROUP in text:
        now = assembly.section
        request = replace(request, group=now.group, is_comdat=now.is_comdat)
        text = text.replace(_SAME_GROUP, "G" if now.group else "")
    for letter in text:
        if letter not in SECTION_FLAGS:
            raise Complaint(f"unknown section flag {letter!r} in {text!r}")
    return replace(request, flags="".join(sorted(set(text))))


def _type(assembly: "Assembly", word: str) -> str | None:
    if not word:
        return None
    name = word.lstrip("@%#").strip('"')
    if name in _TYPES or name in SECTION_TYPES:
        return name
    if name[:1].isdigit():
        try:
            number = int(name, 0)
        except ValueError:
            raise Complaint(f"{name!r} is not a section type") from None
        _bounded(number, 32, "type")
        by_number = {number: kind for kind, number in SECTION_TYPES.items()}
        return by_number.get(number, str(number))
    if word[0] not in "@%#":
        raise Complaint(f"a section type begins with @ or %: {word}")
    assembly.warn(f"unrecognized section type {name!r}{nearest(name, _TYPES)}")
    return None


def _bounded(number: int, bits: int, what: str) -> int:
    if number >> bits:
        raise Complaint(f"the {what} {number:#x} of a section takes more than {bits} bits")
    return number


def _qualified(assembly: "Assembly", request: _Request, words: list[str]) -> _Request:
    """Read what certain flags ask for after the type, and a number that makes a section unique."""
    flags = request.flags or ""
    if "M" in flags:
        size = words.pop(0) if words and words[0][:1].isdigit() else ""
        if not size.isdigit():
            assembly.warn("entity size for SHF_MERGE not specified")
            request = replace(request, flags=flags.replace("M", "").replace("S", ""))
        else:
            request = replace(request, entsize=_bounded(int(size), 64, "entity size"))
    if "o" in flags and words:
        request = replace(request, linked=words.pop(0).strip('"'))
    if "G" in flags and not request.group:
        if not words:
            assembly.warn("group name for SHF_GROUP not specified")
            request = replace(request, flags=(request.flags or "").replace("G", ""))
        else:
            request = replace(request, group=words.pop(0).strip('"'))
            if words and words[0] in ("comdat", ".gnu.linkonce"):
                request = replace(request, is_comdat=bool(words.pop(0)))
    if words[:1] == ["unique"] and len(words) == 2 and words[1].isdigit():
        return replace(request, unique=int(words[1]))
    if words:
        raise Complaint(f"section {request.name}: junk after its type: {', '.join(words)}")
    return request


# ---- what a section is


def _settle(assembly: "Assembly", request: _Request, known: Known | None) -> tuple[str, str]:
    """Give flags and type of a new section, from its header and what its name says."""
    flags, kind = request.flags or "", request.kind
    if known is None:
        return flags, kind or "progbits"
    if kind is not None and kind != known.kind and not known.may_be(kind):
        assembly.warn(f"ignoring incorrect section type for {request.name}")
        kind = None
    extra = set(flags) - set(known.flags) - set("GMSoReId")
    if extra and not known.may_have(flags):
        if not request.group:
            assembly.warn(f"setting incorrect section attributes for {request.name}")
        return flags, kind or known.kind
    if extra:
        return flags, kind or known.kind
    return "".join(sorted(set(flags) | set(known.flags))), kind or known.kind


def _compare(assembly: "Assembly", request: _Request, known: Known | None, found: Section) -> None:
    """Complain when a header says something else about a section than what it is."""
    if request.flags is None and request.kind is None:
        return
    name, wanted = request.name, set(request.flags or "")
    if known is not None:
        wanted |= set(known.flags)
    problems = []
    if request.kind is not None and request.kind != found.type:
        problems.append("section type")
    if request.flags and wanted != set(found.flags):
        problems.append("section attributes")
    for what in problems:
        if known is None:
            raise Complaint(f"changed {what} for {name}")
        assembly.warn(f"ignoring changed {what} for {name}")
    if request.entsize and request.entsize != found.entsize:
        raise Complaint(f"changed section entity size for {name}")


# ---- directives


def _subsection_number(assembly: "Assembly", operands: Operands, name: str) -> int:
    if len(operands.trees) > 1:
        raise Complaint(f"{name} takes at most the number of a subsection")
    if not operands.trees:
        return 0
    number = assembly.absolute(operands.trees[0], operands.atoms, "the number of a subsection")
    if not 0 <= number <= MAX_SUBSECTION:
        raise Complaint(f"subsection {number} is outside 0..{MAX_SUBSECTION}")
    return number


def _section(assembly: "Assembly", name: str, header: SectionHeader) -> None:
    assembly.enter(_read(assembly, header))


def _short(assembly: "Assembly", name: str, operands: Operands) -> None:
    section = _read(assembly, SectionHeader(name))
    number = _subsection_number(assembly, operands, name)
    assembly.enter(section.part(number))


def _subsection(assembly: "Assembly", name: str, operands: Operands) -> None:
    number = _subsection_number(assembly, operands, name)
    assembly.enter(assembly.section.root.part(number))


def _push(assembly: "Assembly", name: str, header: SectionHeader) -> None:
    number, arguments = 0, header.arguments
    if arguments and arguments[0] and arguments[0].isdigit():
        number, arguments = int(arguments[0]), arguments[1:]
    section = _read(assembly, SectionHeader(header.name, arguments))
    assembly.section_stack.append((assembly.section, assembly.previous))
    assembly.enter(section.part(number))


def _pop(assembly: "Assembly", name: str, operands: Operands) -> None:
    if not assembly.section_stack:
        assembly.warn(".popsection without corresponding .pushsection; ignored")
        return
    section, previous = assembly.section_stack.pop()
    assembly.enter(section)
    assembly.previous = previous


def _previous(assembly: "Assembly", name: str, operands: Operands) -> None:
    if operands.trees:
        raise Complaint(f"{name} takes no operands")
    if assembly.previous is assembly.section:
        assembly.warn(".previous without corresponding .section; ignored")
        return
    assembly.enter(assembly.previous)


TABLE: Table = {
    **{name: Directive("operands", _short) for name in _SHORT},
    ".section": Directive("section", _section),
    ".subsection": Directive("operands", _subsection),
    ".pushsection": Directive("section", _push),
    ".popsection": Directive("operands", _pop),
    ".previous": Directive("operands", _previous),
}
