"""The bundled guests: tiny kernels in assembly, and what is known of each.

`catalog()` tells what there is, `build("tick")` gives the ELF executable of one. Adding a guest is
its folder of sources and an entry in `manifest.toml`.
"""

from guests.builder import build, build_disk
from guests.catalog import Ending, Guest, GuestError, Kind, catalog, find

__all__ = ["Ending", "Guest", "GuestError", "Kind", "build", "build_disk", "catalog", "find"]
