"""One link from its inputs to the bytes of the executable, step by step.

The steps and their order are GNU ld's, because the addresses that come out depend on it.
"""

from collections.abc import Iterable, Sequence
from importlib.resources import files
from itertools import pairwise, takewhile

from assembler.errors import LinkError, ScriptError
from assembler.linking import model
from assembler.linking.attributes import merge_attributes, merge_flags
from assembler.linking.build_id import add_build_id, fill_build_id
from assembler.linking.collecting import Collector, allocate_commons
from assembler.linking.context import Context
from assembler.linking.folding import Folder, Phase
from assembler.linking.frame_editing import FrameEditor
from assembler.linking.got import GlobalOffsetTable
from assembler.linking.loading import Loader
from assembler.linking.mapping import Mapper, obey_inserts
from assembler.linking.merging import merge_sections
from assembler.linking.model import Section
from assembler.linking.options import Input, LinkOptions
from assembler.linking.orphans import OrphanPlacer
from assembler.linking.relaxation import Relaxer
from assembler.linking.relocatable import make_groups, usual_sections
from assembler.linking.script import parse_expression, parse_script
from assembler.linking.segments import (
    ProgramHeader,
    estimate,
    map_segments,
    place_in_file,
    warn_of_segments,
)
from assembler.linking.sizing import Sizer
from assembler.linking.start_stop import StartStop
from assembler.linking.statements import Assign, Command, Insert, Operation, Script, Statement
from assembler.linking.writing import fill_contents, number_sections, write_image

MAX_IMAGE = 1 << 28
MAX_TRIES = 10
MAX_TRIPS = 100


class Link:
    """One link; what it found out stays readable for the map and for callers."""

    def __init__(self, options: LinkOptions) -> None:
        self.options = options
        self.context = Context(options)
        self.context.symbols.wrapped = set(options.wrapped)
        self.folder = Folder(self.context)
        self.sizer = Sizer(self.context, self.folder)
        self.got = GlobalOffsetTable(self.context)
        self.frames = FrameEditor(self.context)
        self.bounds = StartStop(self.context)
        self.loader = Loader(options, self.context.symbols, self.context.absolute)
        self.headers: list[ProgramHeader] = []
        self.entry = 0
        self.entry_name: str | None = None
        self.note: Section | None = None

    def run(self, inputs: Iterable[Input], script: Script | None) -> bytes:
        """Link; raise LinkErrors with everything that is wrong."""
        self._load(inputs, script)
        self._arrange()
        self._place()
        return self._finish()

    # ---- loading

    def _load(self, inputs: Iterable[Input], script: Script | None) -> None:
        link, options = self.context, self.options
        if options.emit_relocs and options.strip == "all":
            raise LinkError("--emit-relocs needs the symbols that -s drops: invalid operation")
        if options.relocatable and options.gc_sections and not (options.entry or options.undefined):
            message = "--gc-sections requires a defined symbol root specified by -e or -u"
            raise LinkError(message)
        for name in (*options.undefined, *options.required):
            link.symbols.refer(name)
        defines = [parse_expression(text, "--defsym") for text in options.defines]
        self._adopt(script or self._default())
        self._fold_first(defines)
        entry = options.entry or (None if options.relocatable else self.entry_name)
        if isinstance(entry, str) and not _is_number(entry):
            link.symbols.refer(entry)
        self.loader.load(inputs)
        link.files = self.loader.files
        for extra in self.loader.scripts:
            if extra.has_sections:
                message = f"warning: {extra.filename} contains output sections; did you forget -T?"
                link.warn(message)
            self._adopt(extra)
        if script is not None and any(isinstance(one, Insert) for one in link.statements):
            self._adopt(self._default())
        link.statements = [*defines, *link.statements]
        link.trace = self.loader.trace

    def _default(self) -> Script:
        """Give the layout that is used when no script says another one."""
        if self.options.relocatable:
            return Script(statements=[*usual_sections()])
        return default_script(self.options.text_writable)

    def _adopt(self, script: Script) -> None:
        """Take over what a script says."""
        link = self.context
        link.statements += script.statements
        link.headers += script.headers
        for region in script.regions:
            for name in (region.name, *region.aliases):
                link.regions[name] = region
        if script not in self.loader.scripts:
            self.loader.run_commands(script)
        for statement in script.statements:
            if not isinstance(statement, Command):
                continue
            if statement.name == "ENTRY" and statement.words:
                self.entry_name = self.entry_name or statement.words[0]
            elif statement.name == "FORCE_COMMON_ALLOCATION":
                self.options.defines_common = True
            elif statement.name == "FORCE_GROUP_ALLOCATION":
                self.options.resolves_groups = True
        self._fold_first([one for one in script.statements if isinstance(one, Assign)])

    def _fold_first(self, statements: Sequence[Assign]) -> None:
        """Define what is known before anything is placed."""
        self.folder.phase = Phase.FIRST
        for statement in statements:
            if not statement.is_provide:
                self.folder.section = self.context.absolute
                self.folder.assign(statement)

    # ---- sections

    def _arrange(self) -> None:
        """Decide which input section goes into which output section."""
        link = self.context
        link.check()
        link.flags = merge_flags(link)
        self.folder.phase = Phase.MARK
        if self.options.defines_common or not self.options.relocatable:
            allocate_commons(link)
        link.roots = self._roots()
        self.frames.prepare()
        mapper = Mapper(link)
        if self.options.gc_sections:
            roots = [*self.options.required, *self.options.retained]
            Collector(link, mapper.keep(), [*link.roots, *roots]).collect()
        if not self.options.relocatable:
            self.got.scan()
        merge_attributes(link)
        self.note = add_build_id(link)
        mapper = Mapper(link)
        if self.options.relocatable:
            self._keep_all()
        mapper.map()
        if obey_inserts(link):
            made = [one.section for one in link.output_statements() if one.section is not None]
            link.outputs = sorted(link.outputs, key=made.index)
        OrphanPlacer(link, mapper).place()
        if self.options.keeps_groups:
            link.groups = make_groups(link)
        if not self.options.relocatable:
            self.bounds.define()
        if not self.options.relocatable:
            merge_sections(link)
            self._protect_text()
        self.frames.trim()
        self.got.allocate()

    def _roots(self) -> set[str]:
        """Give the symbols that somebody outside asks for; complain of those that must be there."""
        link = self.context
        for name in self.options.required:
            symbol = link.symbols.get(name)
            if symbol is None or not symbol.is_defined:
                link.complain(LinkError(f"required symbol `{name}' not defined"))
        found = {*self.options.undefined, self._entry_symbol()}
        for statement in link.statements:
            if isinstance(statement, Command) and statement.name == "EXTERN":
                found.update(statement.words)
        return found

    def _keep_all(self) -> None:
        """Keep what executables do without: another link decides."""
        for file in self.context.files:
            for section in file.all_sections():
                if section.type == model.SHT_GROUP:  # the output has its own
                    section.output = self.context.absolute
                section.is_kept = True

    def _protect_text(self) -> None:
        """Make `.text` read-only whatever is in it, or writable with -N."""
        for out in self.context.outputs:
            if out.name == ".text":
                out.flags |= model.READONLY
                out.flags &= ~model.READONLY if self.options.text_writable else -1
                return

    def _entry_symbol(self) -> str:
        entry = self.options.entry
        return entry if isinstance(entry, str) else self.entry_name or "start"

    # ---- addresses

    def _place(self) -> None:
        link, sizer = self.context, self.sizer
        sizer.regions.evaluate()
        link.all_outputs = list(link.outputs)
        if not self.options.relocatable:
            sizer.strip()
        self._find_thread_local()
        if not self.options.traditional and not self.options.relocatable:
            self.frames.edit()
        link.header_count = None if self.options.relocatable else estimate(link)
        sizer.size()
        if self.options.relocatable:
            return
        relaxer = Relaxer(link)
        needs_layout = False
        for tries in range(MAX_TRIES, 0, -1):
            self._relax(relaxer)
            before = link.header_count
            self.headers = map_segments(link, self.folder)
            link.header_count = len(self.headers)
            needs_layout = link.header_count != before
            if tries <= 6 and before is not None and link.header_count < before:
                link.header_count, needs_layout = before, False
            if not needs_layout:
                break
        self.bounds.finish()
        sizer.assign(Phase.FINAL)
        self.folder.settle_symbols()
        sizer.regions.report()

    def _find_thread_local(self) -> None:
        link = self.context
        thread = [one for one in link.outputs if one.flags & model.THREAD_LOCAL]
        link.tls = thread[0] if thread else None
        if link.tls is None:
            return
        following = link.outputs[link.outputs.index(link.tls) :]
        block = takewhile(lambda one: one.flags & model.THREAD_LOCAL, following)
        link.tls.align_power = max(one.align_power for one in block)

    def _relax(self, relaxer: Relaxer) -> None:
        """Shorten code until nothing changes, align it, and place everything a last time."""
        sizer = self.sizer
        for stage in (0, 1):
            relaxer.stage = stage
            for _ in range(MAX_TRIPS):
                sizer.assign(Phase.ASSIGNING)
                sizer.regions.reset()
                if not sizer.size(relaxer.relax):
                    break
            else:
                raise LinkError("relaxation does not come to an end")
        sizer.assign(Phase.ASSIGNING)
        sizer.regions.reset()
        sizer.size(checks=True)

    # ---- the file

    def _finish(self) -> bytes:
        link = self.context
        if self.options.checks_sections and not self.options.relocatable:
            check_overlaps(link)
        total = sum(out.size for out in link.outputs if out.flags & model.LOAD)
        if total > MAX_IMAGE:
            raise LinkError(f"an image of {total:#x} bytes is larger than {MAX_IMAGE:#x}")
        number_sections(link)
        self.entry = self._find_entry()
        offset = place_in_file(link, self.headers)
        if self.options.warns_segments:
            warn_of_segments(link, self.headers)
        fill_contents(link, self.got, self.frames)
        if not self.options.forces_output:
            link.check()
        data = write_image(link, self.headers, self.entry, offset)
        if self.note is not None:
            data = fill_build_id(link, self.note, data)
        return flat_image(link) if self.options.binary else data

    def _find_entry(self) -> int:
        entry, link = self.options.entry, self.context
        if isinstance(entry, int):
            return entry
        name = entry or self.entry_name or "start"
        address = link.symbol_address(name)
        if address is not None:
            return address
        if _is_number(name):
            return int(name, 0) & model.MASK64
        text = next((out for out in link.all_outputs if out.name == ".text"), None)
        has_text = text is not None and (bool(entry) or not self.options.relocatable)
        fallback = text.vma if text is not None and has_text else 0
        if entry or (self.entry_name and not self.options.relocatable):
            then = f"defaulting to {fallback:016x}" if has_text else "not setting start address"
            link.warn(f"warning: cannot find entry symbol {name}; {then}")
        return fallback


def _is_number(text: str) -> bool:
    try:
        int(text, 0)
    except ValueError:
        return False
    return True


def flat_image(link: Context) -> bytes:
    """Give the bytes of memory from the first loaded section to the last, by load address."""
    wanted = model.LOAD | model.HAS_CONTENTS | model.ALLOC
    loaded = [one for one in link.outputs if one.flags & wanted == wanted and one.size]
    if not loaded:
        return b""
    start = min(one.lma for one in loaded)
    end = max(one.lma + one.size for one in loaded)
    if end - start > MAX_IMAGE:
        raise LinkError(f"a binary file of {end - start:#x} bytes is larger than {MAX_IMAGE:#x}")
    data = bytearray(end - start)
    for one in loaded:
        data[one.lma - start : one.lma - start + one.size] = one.contents
    return bytes(data)


def check_overlaps(link: Context) -> None:
    """Refuse output sections that overlap each other, by load address or by address."""
    placed = [
        one
        for one in link.outputs
        if one.flags & model.ALLOC
        and not one.flags & model.NEVER_LOAD
        and one.size
        and not one.is_tbss
    ]
    loaded = [one for one in placed if one.flags & model.LOAD]
    _check_addresses(link, sorted(loaded, key=lambda one: one.lma), "lma")
    placed.sort(key=lambda one: one.vma)
    if all(last.vma != one.vma for last, one in pairwise(placed)):  # otherwise they are overlays
        _check_addresses(link, placed, "vma")


def _check_addresses(link: Context, ordered: Sequence[model.OutSection], key: str) -> None:
    for last, one in pairwise(ordered):
        start, before = getattr(one, key), getattr(last, key)
        end = before + last.size
        if start < end:
            ranges = f"[{start:016x},{start + one.size - 1:016x}] overlaps section "
            message = f"section {one.name} {key.upper()} {ranges}{last.name} "
            message += f"{key.upper()} [{before:016x},{end - 1:016x}]"
            link.complain(LinkError(message))


def default_script(is_dense: bool) -> Script:
    """Give the layout used when there is no script; a dense one has data right behind code."""
    text = files("assembler").joinpath("default.ld").read_text("utf-8")
    script = parse_script(text, "default.ld")
    if is_dense:
        script.statements = [one for one in script.statements if not _starts_data(one)]
    return script


def _starts_data(statement: Statement) -> bool:
    value = statement.value if isinstance(statement, Assign) else None
    return isinstance(value, Operation) and value.operator == "DATA_SEGMENT_ALIGN"


def read_scripts(paths: Sequence[str], loader: Loader) -> Script | None:
    """Read script files as if they were one; None when there is none."""
    scripts = [read_script(path, loader) for path in paths]
    for other in scripts[1:]:
        scripts[0].statements += other.statements
        scripts[0].headers += other.headers
        scripts[0].regions += other.regions
        scripts[0].has_sections = scripts[0].has_sections or other.has_sections
    return scripts[0] if scripts else None


def read_script(path: str, loader: Loader) -> Script:
    """Read a script file, looked for also in the folders of -L."""
    found = loader.find_script(path)
    if found is None:
        raise ScriptError(f"cannot open linker script file {path}: No such file or directory")
    text, name = found
    return parse_script(text, name, loader.find_script)
