"""Which input sections an input statement of a script names, and in which order.

Follows the manual "The GNU linker", section "Input Section Description".
"""

import fnmatch
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from assembler.linking.model import InputFile, Section
from assembler.linking.statements import Pattern, Wild

_SPECIAL = re.compile(r"[*?\[]")
_PRIORITY = re.compile(r"\.(?:(init_array|fini_array)|(ctors|dtors))\.([0-9]+)$")
MAX_PRIORITY = 65535
Key = Callable[[Section], tuple[object, ...]]


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern.replace("[^", "[!")))


def fits(pattern: str, name: str) -> bool:
    """Whether a name matches a pattern with wildcards."""
    if pattern == "*":
        return True
    if _SPECIAL.search(pattern):
        return _compiled(pattern).match(name) is not None
    return pattern == name


def fits_file(pattern: str, file: InputFile) -> bool:
    """Whether a file is meant: by its name, or `archive:member`."""
    if ":" in pattern:
        archive, _, member = pattern.partition(":")
        if archive and not fits(archive, file.archive):
            return False
        if not archive and file.archive:
            return False
        return fits(member, file.filename) if member else bool(file.archive)
    return fits(pattern, file.filename) or (bool(file.archive) and pattern == file.archive)


class Pool:
    """The input sections that are not placed yet, by name."""

    def __init__(self, files: Iterable[InputFile]) -> None:
        self._by_name: dict[str, list[Section]] = {}
        self._matching: dict[str, list[str]] = {}
        for file in files:
            for section in file.all_sections():
                self._by_name.setdefault(section.name, []).append(section)

    def _names(self, pattern: str) -> list[str]:
        found = self._matching.get(pattern)
        if found is None:
            if _SPECIAL.search(pattern):
                found = [name for name in self._by_name if fits(pattern, name)]
            else:
                found = [pattern] if pattern in self._by_name else []
            self._matching[pattern] = found
        return found

    def matching(self, wild: Wild, default_sort: str = "") -> list[Section]:
        """Give the sections that a statement names, in its order, whether placed or not."""
        found: dict[int, tuple[Section, Pattern]] = {}
        for pattern in wild.patterns:
            for name in self._names(pattern.name):
                for section in self._by_name[name]:
                    if id(section) not in found and _is_meant(wild, pattern, section):
                        found[id(section)] = (section, pattern)
        ordered = sorted(found.values(), key=lambda item: (item[0].file.order, item[0].index))
        return _sorted(ordered, wild, default_sort)


def _is_meant(wild: Wild, pattern: Pattern, section: Section) -> bool:
    file = section.file
    if wild.file != "*" and not fits_file(wild.file, file):
        return False
    wanted, unwanted = pattern.flags
    if section.elf_flags & wanted != wanted or section.elf_flags & unwanted:
        return False
    return not any(fits_file(one, file) for one in (*wild.excluded, *pattern.excluded))


def _sorted(found: list[tuple[Section, Pattern]], wild: Wild, default_sort: str) -> list[Section]:
    keys = {id(pattern): _key(pattern, default_sort) for _, pattern in found}
    if not wild.sorts_files and not any(keys.values()):
        return [section for section, _ in found]
    placed: list[Section] = []
    only = next(iter(keys.values()))
    if len(keys) == 1 and only is not None and not wild.sorts_files:
        return sorted((section for section, _ in found), key=only)
    for section, pattern in found:
        at = _place_of(section, placed, keys[id(pattern)], wild.sorts_files)
        placed.insert(at, section)
    return placed


def _place_of(section: Section, placed: list[Section], key: Key | None, by_file: bool) -> int:
    """Find where a section goes among those that are placed already."""
    if key is None and not by_file:
        return len(placed)
    name = section.file.archive or section.file.filename, section.file.filename
    for at, other in enumerate(placed):
        if by_file:
            other_name = other.file.archive or other.file.filename, other.file.filename
            if name != other_name:
                if name < other_name:
                    return at
                continue
        if key is not None and key(section) < key(other):
            return at
    return len(placed)


def _key(pattern: Pattern, default_sort: str) -> Key | None:
    sorts = pattern.sorts or ((default_sort,) if default_sort else ())
    sorts = tuple(sort for sort in sorts if sort not in ("none", "reverse"))
    if not sorts:
        return None
    parts = [_KEYS[sort] for sort in dict.fromkeys(sorts)]
    return lambda section: tuple(part(section) for part in parts)


def _priority(section: Section) -> tuple[int, str]:
    found = _PRIORITY.search(section.name)
    if not found:
        return 0, section.name
    number = int(found[3])
    return number if found[1] else MAX_PRIORITY - number, section.name


_KEYS: dict[str, Callable[[Section], object]] = {
    "name": lambda section: section.name,
    "alignment": lambda section: -section.align_power,
    "priority": _priority,
}
