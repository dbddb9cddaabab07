"""An SBI extension as a value: a name, an id and handlers by function id.

The extensions themselves are the other files of this folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vmm.contracts import CallHandler


@dataclass(frozen=True)
class Extension:
    """A `vmm.contracts.Hypercall`."""

    name: str
    eid: int
    functions: Mapping[int, CallHandler]
    ignores_fid: bool = False
    """The legacy extensions have one function each, whatever a6 holds: it is under id 0."""
