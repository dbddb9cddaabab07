"""Program headers: which output sections make a segment, and where they are in the file.

Follows the ELF specification, chapter "Program Header", and GNU ld in when a new segment starts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from assembler.errors import LinkError
from assembler.linking import model
from assembler.linking.context import HEADER_SIZE, PROGRAM_HEADER_SIZE, Context
from assembler.linking.folding import Folder
from assembler.linking.model import ALLOC, CODE, HAS_CONTENTS, LOAD, READONLY, OutSection
from assembler.linking.statements import Region

PT_LOAD, PT_INTERP, PT_NOTE, PT_PHDR, PT_TLS = 1, 3, 4, 6, 7
PT_GNU_STACK, PT_GNU_EH_FRAME, PT_RISCV_ATTRIBUTES = 0x6474E551, 0x6474E550, 0x70000003
R, W, X = 4, 2, 1


@dataclass(eq=False, slots=True)
class ProgramHeader:
    """A program header being made."""

    type: int
    sections: list[OutSection] = field(default_factory=list)
    has_headers: bool = False
    has_file_header: bool = False
    flags: int | None = None
    at: int | None = None
    offset: int = 0
    va: int = 0
    pa: int = 0
    file_size: int = 0
    memory_size: int = 0
    align: int = 0


def estimate(link: Context) -> int:
    """Guess how many program headers there will be, before addresses are known."""
    if link.headers:
        return len(link.headers) + _has_attributes(link)
    count = 2 + _has_attributes(link) + (stack_flags(link) is not None)
    notes = [one for one in link.outputs if one.type == model.SHT_NOTE and one.flags & LOAD]
    count += len({one.align_power for one in notes})
    count += any(one.flags & model.THREAD_LOCAL for one in link.outputs)
    return count + any(one.name == ".eh_frame_hdr" for one in link.outputs)


def _has_attributes(link: Context) -> bool:
    return any(one.type == model.SHT_RISCV_ATTRIBUTES for one in link.outputs)


def stack_flags(link: Context) -> int | None:
    """Say how the stack is to be mapped; None when nobody said."""
    if link.options.executable_stack is not None:
        return R | W | (X if link.options.executable_stack else 0)
    if link.options.stack_size:
        return R | W
    notes = [
        section
        for file in link.files
        for section in file.all_sections()
        if section.name == ".note.GNU-stack"
    ]
    if not notes:
        return None
    return R | W | (X if any(note.flags & CODE for note in notes) else 0)


def map_segments(link: Context, folder: Folder) -> list[ProgramHeader]:
    """Make the program headers for the sections as they are placed."""
    if link.headers:
        return _with_attributes(link, _from_script(link, folder))
    found = _loads(link)
    found += _notes(link)
    thread = [one for one in link.outputs if one.flags & model.THREAD_LOCAL]
    if thread:
        found.append(ProgramHeader(PT_TLS, thread, flags=R))
    frames = [one for one in link.outputs if one.name == ".eh_frame_hdr" and one.flags & LOAD]
    if frames:
        found.append(ProgramHeader(PT_GNU_EH_FRAME, frames))
    stack = stack_flags(link)
    if stack is not None:
        made = ProgramHeader(PT_GNU_STACK, flags=stack, memory_size=link.options.stack_size)
        made.align = 16
        found.append(made)
    return _with_attributes(link, found)


def _with_attributes(link: Context, found: list[ProgramHeader]) -> list[ProgramHeader]:
    """Add a header for the attributes, behind those that must come first."""
    attributes = [one for one in link.outputs if one.type == model.SHT_RISCV_ATTRIBUTES]
    if attributes and all(one.type != PT_RISCV_ATTRIBUTES for one in found):
        at = next((n for n, one in enumerate(found) if one.type not in (PT_PHDR, PT_INTERP)), 0)
        found.insert(at, ProgramHeader(PT_RISCV_ATTRIBUTES, attributes))
    return found


def _sorted(link: Context) -> list[OutSection]:
    loaded = [one for one in link.outputs if one.flags & ALLOC]
    order = {id(one): number for number, one in enumerate(link.outputs)}

    def key(one: OutSection) -> tuple[int, int, bool, int, int]:
        is_late = one.size != 0 and not one.flags & (LOAD | model.THREAD_LOCAL)
        size = one.size if one.flags & LOAD and not is_late else 0
        return one.lma, one.vma, is_late, size, order[id(one)]

    return sorted(loaded, key=key)


def _loads(link: Context) -> list[ProgramHeader]:
    sections, page = _sorted(link), link.options.max_page
    if not sections:
        return []
    size = HEADER_SIZE + PROGRAM_HEADER_SIZE * (link.header_count or 0)
    lma = sections[0].lma
    fits = link.options.paged and lma >= size
    fits = fits and (link.loads_headers or lma % page >= size % page)
    found: list[ProgramHeader] = []
    group = [sections[0]]
    regions = _regions(link)
    for last, section in pairwise(sections):
        is_other = regions.get(last.name) is not regions.get(section.name)
        if is_other or _starts_segment(link, group, last, section):
            found.append(ProgramHeader(PT_LOAD, group))
            group = []
        group.append(section)
    if len(group) > 1 or not group[0].is_tbss:
        found.append(ProgramHeader(PT_LOAD, group))
    if fits and found:
        found[0].has_headers = found[0].has_file_header = True
    return found


def _starts_segment(
    link: Context, group: Sequence[OutSection], last: OutSection, section: OutSection
) -> bool:
    """Whether a section cannot be in the segment of those before it."""
    page, paged = link.options.max_page, link.options.paged
    size = 0 if last.is_tbss else last.size
    end = last.lma + size
    if last.lma - last.vma != section.lma - section.vma or section.lma < end:
        return True
    if paged and (end - 1) // page == section.lma // page:
        return False
    boundary = -(-end // page) * page
    if boundary + page <= section.lma:
        return True
    loaded = LOAD | model.THREAD_LOCAL
    if not last.flags & loaded and section.flags & loaded:
        return True
    if not paged:
        return False
    is_code = any(one.flags & CODE for one in group)
    if link.options.separate_code and is_code != bool(section.flags & CODE):
        return True
    is_writable = any(not one.flags & READONLY for one in group)
    return not is_writable and not section.flags & READONLY


def _regions(link: Context) -> dict[str, Region | None]:
    """Give the memory region of each output section, by name: a segment is in one region."""
    found: dict[str, Region | None] = {}
    for out in link.output_statements():
        if not out.is_skipped and not out.is_special:
            found.setdefault(out.name, out.region)
    return found


def _notes(link: Context) -> list[ProgramHeader]:
    """Group notes that follow each other and are aligned alike."""
    found: list[ProgramHeader] = []
    group: list[OutSection] = []
    for section in link.outputs:
        is_note = section.type == model.SHT_NOTE and section.flags & LOAD and section.size
        if is_note and group and group[-1].align_power == section.align_power:
            end = group[-1].vma + group[-1].size
            if -(-end >> section.align_power) << section.align_power == section.vma:
                group.append(section)
                continue
        if is_note:
            group = [section]
            found.append(ProgramHeader(PT_NOTE, group))
        else:
            group = []
    return found


def _from_script(link: Context, folder: Folder) -> list[ProgramHeader]:
    found: dict[str, ProgramHeader] = {}
    folder.section = link.absolute
    for header in link.headers:
        made = ProgramHeader(folder.number(header.type, "program header type"))
        made.has_file_header, made.has_headers = header.has_file_header, header.has_headers
        if header.flags is not None:
            made.flags = folder.number(header.flags, "program header flags")
        if header.at is not None:
            made.at = folder.number(header.at, "program header address")
        found[header.name] = made
    last: list[str] | None = None
    chosen: dict[int, list[str] | None] = {}
    for out in link.output_statements():
        if out.section is None or out.section.is_removed:
            continue
        if not out.section.flags & ALLOC:
            wanted = [one for one in out.phdrs or () if one in found and found[one].type != PT_LOAD]
            chosen[id(out.section)] = wanted
            continue
        last = out.phdrs if out.phdrs is not None else last
        if last is None and found:
            first = next((n for n, h in found.items() if h.type == PT_LOAD), None)
            last = [first] if first else None
        chosen[id(out.section)] = last
    for section in link.outputs:
        for name in chosen.get(id(section)) or ():
            if name in found:
                found[name].sections.append(section)
            elif name != "NONE":
                message = f"section `{section.name}' assigned to non-existent phdr `{name}'"
                raise LinkError(message)
    return list(found.values())


# ---- places in the file


def place_in_file(link: Context, headers: Sequence[ProgramHeader]) -> int:
    """Give segments and loaded sections their file offsets; say where the rest may start."""
    page = link.options.max_page
    start = HEADER_SIZE + PROGRAM_HEADER_SIZE * len(headers)
    offset = start
    loads = [one for one in headers if one.type == PT_LOAD]
    for header in loads:
        offset = _place_load(link, header, offset, (start, page))
    for section in link.outputs:
        if section.flags & ALLOC and not any(section in one.sections for one in loads):
            at = offset + (section.vma - offset) % (1 << section.align_power)
            if section.is_tbss:
                section.file_offset = at
            else:
                offset = at
                section.file_offset = 0 if is_nobits(section) else offset
                offset += 0 if is_nobits(section) else section.size
    for header in headers:
        if header.type == PT_NOTE:
            for section in header.sections:
                section.type = model.SHT_NOTE
        if header.type != PT_LOAD:
            _place_other(header, loads, start)
    return offset


def warn_of_segments(link: Context, headers: Iterable[ProgramHeader]) -> None:
    """Warn of segments that may be written and executed, which invites attacks."""
    all_used = [one for one in headers if one.memory_size]
    for kind, bits, what in (
        (PT_LOAD, R | W | X, "LOAD segment with RWX permissions"),
        (PT_TLS, X, "TLS segment with execute permission"),
    ):
        if any(one.type == kind and (one.flags or 0) & 7 & bits == bits for one in all_used):
            link.warn(f"warning: {link.options.output} has a {what}")


def is_nobits(section: OutSection) -> bool:
    """Whether a section has no bytes in the file."""
    return section.flags & (LOAD | HAS_CONTENTS) == 0


def _place_load(link: Context, header: ProgramHeader, offset: int, limits: tuple[int, int]) -> int:
    start, page = limits
    sections = header.sections
    for section in sections:
        if not section.flags & (LOAD | HAS_CONTENTS):
            section.type = model.SHT_NOBITS
    power = max((one.align_power for one in sections), default=0)
    align = max(page, 1 << power) if link.options.paged else 1 << power
    header.align = align
    has_contents = any(not is_nobits(one) for one in sections)
    if sections:
        header.va, header.pa = sections[0].vma, sections[0].lma
        if header.at is not None:
            header.pa = header.at
    extra = (header.va - offset) % align if sections else 0
    offset += extra
    header.offset = offset
    if header.has_file_header or header.has_headers:
        header.offset = 0 if header.has_file_header else HEADER_SIZE
        room = offset - header.offset
        if sections and header.va < room:
            raise LinkError("not enough room for program headers, try linking with -N")
        header.va -= room if sections else 0
        header.pa -= room if sections and header.at is None else 0
        header.memory_size = room if sections else start - header.offset
        header.file_size = room if has_contents or not sections else start
    flags = R
    for section in sections:
        offset = _add_section(link, header, section, offset)
        flags |= X if section.flags & CODE else 0
        flags |= 0 if section.flags & READONLY else W
    header.flags = flags if header.flags is None else header.flags
    if has_contents or header.has_file_header or header.has_headers:
        return offset
    header.offset = header.va % align
    return offset - extra


def _add_section(link: Context, header: ProgramHeader, section: OutSection, offset: int) -> int:
    distance = section.lma - (header.pa + header.memory_size)
    if distance < 0 and not section.is_tbss:
        end = header.pa + header.memory_size
        link.warn(f"section {section.name} lma {section.lma:#x} adjusted to {end:#x}")
        section.lma, distance = end, 0
    if section.is_tbss:
        section.file_offset = offset
        return offset
    header.memory_size += distance
    if not is_nobits(section):
        gap = header.memory_size - header.file_size
        offset += gap
        header.file_size += gap + section.size
    section.file_offset = offset
    header.memory_size += section.size
    return offset + (0 if is_nobits(section) else section.size)


def _thread_size(sections: Sequence[OutSection]) -> int:
    """Measure thread-local data, which may stand anywhere as long as they do not go back."""
    size = 0
    for section in sections:
        size += max(0, section.lma - sections[0].lma - size) + section.size
    return size


def _place_other(header: ProgramHeader, loads: Iterable[ProgramHeader], start: int) -> None:
    if header.type == PT_PHDR:
        header.offset, header.file_size = HEADER_SIZE, start - HEADER_SIZE
        header.memory_size, header.align, header.flags = header.file_size, 8, header.flags or R
        for load in loads:
            if load.has_headers:
                header.va = load.va + HEADER_SIZE - load.offset
                header.pa = load.pa + HEADER_SIZE - load.offset
        return
    if header.type == PT_GNU_STACK:
        header.align = header.align or 8
        return
    sections = header.sections
    if not sections:
        header.align = 8
        return
    first, last = sections[0], sections[-1]
    header.offset, header.va, header.pa = first.file_offset, first.vma, first.lma
    if header.type == PT_RISCV_ATTRIBUTES:
        header.va = header.pa = 0
        header.file_size = header.memory_size = first.size
        header.memory_size = 0
    else:
        contents = [one for one in sections if not is_nobits(one)]
        header.memory_size = last.vma + last.size - first.vma
        if header.type == PT_TLS:
            header.memory_size = _thread_size(sections)
        end = contents[-1].file_offset + contents[-1].size if contents else header.offset
        header.file_size = end - header.offset
    header.align = 1 << max(one.align_power for one in sections)
    if header.flags is None:
        header.flags = R
        header.flags |= W if any(not one.flags & READONLY for one in sections) else 0
        header.flags |= X if any(one.flags & CODE for one in sections) else 0
