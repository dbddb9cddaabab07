"""Memory regions, and the load addresses that follow from them.

Follows the manual "The GNU linker", sections "MEMORY Command" and "Output Section LMA".
"""

from assembler.errors import LinkError
from assembler.linking.arithmetic import align_up
from assembler.linking.context import Context
from assembler.linking.folding import Folder, Phase
from assembler.linking.model import (
    ALLOC,
    CODE,
    DATA,
    LOAD,
    MASK64,
    READONLY,
    OutSection,
)
from assembler.linking.statements import Output, Region


class Regions:
    """The memory regions of one link."""

    def __init__(self, link: Context, folder: Folder) -> None:
        self._link = link
        self._folder = folder
        self._overflows: dict[str, int] = {}

    def evaluate(self) -> None:
        """Find where memory regions begin and how long they are."""
        folder = self._folder
        folder.phase, saved = Phase.ASSIGNING, folder.phase
        folder.section = self._link.absolute
        for region in {id(one): one for one in self._link.regions.values()}.values():
            region.origin = folder.number(region.origin_value, f"ORIGIN of {region.name}")
            region.length = folder.number(region.length_value, f"LENGTH of {region.name}")
        folder.phase = saved
        self._inherit()
        self.reset()

    def _inherit(self) -> None:
        """Load sections where the one before them in the same region is loaded."""
        before: tuple[object, str] = None, ""
        for out in self._link.output_statements():
            region = self._link.regions.get(out.region_name or "*default*")
            is_free = not out.load_region_name and out.load_at is None and out.address is None
            if is_free and region is before[0]:
                out.load_region_name = before[1]
            before = region, out.load_region_name

    def reset(self) -> None:
        """Empty all regions before another pass."""
        for region in self._link.regions.values():
            region.current, region.last_os = region.origin, None
        for out in self._link.output_statements():
            out.is_placed = False

    def default(self, made: OutSection) -> Region:
        """Find a region whose attributes suit a section."""
        flags = made.flags
        if flags & (ALLOC | READONLY | CODE) == ALLOC:
            flags |= DATA
        for region in self._link.regions.values():
            if not region.is_default and _suits(region.attributes, flags):
                return region
        return self._link.default_region

    def set_lma(
        self, out: Output, made: OutSection, region: Region, alignment: tuple[int, int]
    ) -> None:
        """Choose a section's load address; `alignment` is what it added, and its power of two."""
        delta, power = alignment
        last = region.last_os.section if region.last_os is not None else None
        if out.load_at is not None:
            self._folder.section, self._folder.dot = self._link.absolute, made.vma
            made.lma = self._folder.number(out.load_at, "load base")
        elif out.load_region_name:
            out.load_region = self._link.region(out.load_region_name)
            lma = out.load_region.current
            made.lma = lma + delta if out.aligns_load else align_up(lma, 1 << power)
        elif last is not None and made.flags & ALLOC:
            is_back = made.vma < last.vma and made.size and made.vma + made.size <= last.vma
            if not is_back:
                lma = made.vma + last.lma - last.vma
                if out.overlay == 2:
                    lma = last.lma + last.size
                made.lma = align_up(lma & MASK64, 1 << power)

    def track(self, out: Output, made: OutSection, region: Region) -> None:
        """Note the section that load addresses of following ones go by."""
        if out.is_ignored:
            return
        last = region.last_os.section if region.last_os is not None else None
        is_counted = made.flags & ALLOC and not made.is_tbss
        is_moved = last is None and made.vma != made.lma
        is_ahead = last is not None and made.vma >= last.vma
        if ((is_counted and (made.size or is_moved or is_ahead)) or out.overlay == 1) and (
            not out.load_region_name
        ):
            region.last_os = out

    def use(self, out: Output, made: OutSection, end: int, checks: bool) -> None:
        """Advance the regions behind a section; `checks` whether it fits."""
        region, load = out.region, out.load_region if out.load_region_name else None
        if region is None or not made.flags & (ALLOC | LOAD):
            return
        region.current = end
        if checks:
            self._check(out, region)
        if load is not None and load is not region and (made.flags & LOAD or out.aligns_load):
            load.current = made.lma + (0 if made.is_tbss else made.size)
            if checks:
                self._check(out, load)

    def _check(self, out: Output, region: Region) -> None:
        """Refuse a section that does not fit its memory region."""
        over = region.current - region.origin - region.length
        if region.origin <= region.current and over <= 0:
            return
        if out.address is not None and out.region is region:
            message = f"address {region.current:#x} of {self._link.options.output} section "
            message += f"`{out.name}' is not within region `{region.name}'"
            self._link.complain(LinkError(message))
            return
        if region.name not in self._overflows:
            message = f"{self._link.options.output} section `{out.name}' will not fit in region "
            self._link.complain(LinkError(f"{message}`{region.name}'"))
        self._overflows[region.name] = over

    def report(self) -> None:
        """Say by how much regions are too small."""
        for name, over in self._overflows.items():
            self._link.complain(LinkError(f"region `{name}' overflowed by {over} bytes"))


def _suits(attributes: str, flags: int) -> bool:
    """Whether a region's attributes admit a section."""
    wanted = unwanted = 0
    is_not = False
    for letter in attributes.upper():
        bits = {"A": ALLOC, "R": READONLY, "W": DATA, "X": CODE, "I": LOAD, "L": LOAD}.get(
            letter, 0
        )
        if letter == "!":
            is_not = True
        elif is_not:
            unwanted |= bits
        else:
            wanted |= bits
    return bool(flags & wanted) and not flags & unwanted
