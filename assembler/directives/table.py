"""What an entry of the directive table is.

The table itself is put together in this package's `__init__.py`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

Handler = Callable[[Any, str, Any], None]  # the assembly, the directive's name, its operands


class Directive(NamedTuple):
    """How a directive's operands are read, and what it does."""

    style: str
    handler: Handler


Table = dict[str, Directive]
