"""What happens to symbols while files are loaded, for who asks: -y, --cref, --warn-common.

Follows the manual "The GNU linker", section "Command-line Options"; the words are GNU ld's.
"""

from collections.abc import Callable, Iterable, Iterator

from assembler.linking.model import (
    COMMON,
    DEFINED,
    DEFWEAK,
    UNDEFINED,
    UNDEFWEAK,
    InputFile,
    Section,
    Symbol,
)

_NAME_WIDTH = 50


class Watcher:
    """Hears of every mention of a symbol, before it is merged."""

    def __init__(
        self, traced: Iterable[str], warns_common: bool, say: Callable[[str], None]
    ) -> None:
        self._traced = set(traced)
        self._warns_common = warns_common
        self._say = say
        self._uses: dict[str, list[tuple[bool, str]]] = {}

    def hear(self, symbol: Symbol, raw: Symbol, file: InputFile) -> None:
        """Note what a file does with a symbol, and say what is asked for."""
        is_reference = raw.kind in (UNDEFINED, UNDEFWEAK)
        self._uses.setdefault(symbol.name, []).append((is_reference, file.name))
        if symbol.name in self._traced:
            what = "reference to" if is_reference else "definition of"
            self._say(f"{file.name}: {what} {symbol.name}")
        if self._warns_common and not is_reference and symbol.file is not None:
            self._compare(symbol, raw, file.name, symbol.file.name)
        if {symbol.kind, raw.kind} == {COMMON, DEFINED} and symbol.file is not None:
            self._check_alignment(symbol, raw, file)

    def _compare(self, symbol: Symbol, raw: Symbol, new: str, old: str) -> None:
        name = f"`{symbol.name}'"
        if symbol.kind == raw.kind == COMMON:
            if raw.size == symbol.size:
                self._say(f"{new} and {old}: warning: multiple common of {name}")
            elif raw.size > symbol.size:
                message = f"common of {name} overriding smaller common from {old}"
                self._say(f"{new}: warning: {message}")
            else:
                message = f"common of {name} overridden by larger common from {old}"
                self._say(f"{new}: warning: {message}")
        elif symbol.kind == COMMON and raw.kind == DEFINED:
            self._say(f"{new}: warning: definition of {name} overriding common from {old}")
        elif symbol.kind in (DEFINED, DEFWEAK) and raw.kind == COMMON:
            self._say(f"{new}: warning: common of {name} overridden by definition from {old}")

    def _check_alignment(self, symbol: Symbol, raw: Symbol, file: InputFile) -> None:
        common, defined = (symbol, raw) if symbol.kind == COMMON else (raw, symbol)
        files = (symbol.file, file) if symbol is common else (file, symbol.file)
        section = defined.section
        if not isinstance(section, Section) or files[0] is None or files[1] is None:
            return
        align = 1 << section.align_power
        if defined.value:
            align = min(align, defined.value & -defined.value)
        if align < common.align:
            message = f"alignment {align} of symbol `{symbol.name}' in {files[1].name}"
            self._say(f"warning: {message} is smaller than {common.align} in {files[0].name}")

    def table(self) -> Iterator[str]:
        """Give the lines of the table of cross references."""
        yield from ("", "Cross Reference Table", "", f"{'Symbol':{_NAME_WIDTH}}File")
        for name in sorted(self._uses):
            uses = self._uses[name][::-1]
            files = [file for is_reference, file in uses if not is_reference]
            files += [file for is_reference, file in uses if is_reference]
            label = name if len(name) < _NAME_WIDTH else f"{name} "
            for file in dict.fromkeys(files):
                yield f"{label:{_NAME_WIDTH}}{file}"
                label = ""
