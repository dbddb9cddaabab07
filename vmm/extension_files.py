"""Extensions from outside: files that the user names, and entry points of installed packages.

Every hypercall, hook and device entry among a module's global names is one. Entry points of the
group `trapline.extensions` name modules, or single extensions.
"""

from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from isa.errors import Location
from isa.plugins import entry_points_of, read_module
from vmm.devices import DeviceEntry
from vmm.extensions import Call, ExtensionError, Extra, Hook

GROUP = "trapline.extensions"


def extras_of_files(paths: Iterable[str]) -> tuple[Extra, ...]:
    """Read files of extensions; raise TraplineError, with a place, for what is wrong in them."""
    found: list[Extra] = []
    for number, path in enumerate(paths):
        module = read_module(Path(path), f"trapline_extension_{number}", "extensions")
        extras = _extras_of(module)
        if not extras:
            raise ExtensionError("there is no extension in it", Location(path))
        found += extras
    return tuple(found)


def installed_extras() -> tuple[Extra, ...]:
    """Give what installed packages bring."""
    found: list[Extra] = []
    for point in entry_points_of(GROUP):
        try:
            loaded = point.load()
        except (ImportError, AttributeError) as error:
            raise ExtensionError(f"entry point {point.name} of {GROUP}: {error}") from None
        extras = _extras_of(loaded) if isinstance(loaded, ModuleType) else [loaded]
        found += extras
    return tuple(found)


def _extras_of(module: ModuleType) -> list[Extra]:
    return [
        value for value in vars(module).values() if isinstance(value, Call | Hook | DeviceEntry)
    ]
