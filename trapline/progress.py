"""The line that says why nothing happens yet: that an engine is being compiled.

What compiles tells the `logging` package; here its words are put on standard error, unless the
program that uses Trapline has made arrangements of its own.
"""

import logging
import sys

LOGGER = "isa.engine.lowering.build"


class _ToStandardError(logging.Handler):
    """Prints each message as a line of the command."""

    def emit(self, record: logging.LogRecord) -> None:
        print(f"trapline: {record.getMessage()}", file=sys.stderr, flush=True)


def show_progress() -> None:
    """Print what the compiler of engines reports, from now on."""
    logger = logging.getLogger(LOGGER)
    if not logger.hasHandlers():
        logger.addHandler(_ToStandardError())
        logger.setLevel(logging.INFO)
        logger.propagate = False
