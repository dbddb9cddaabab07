"""Lines that are no results: that an engine is being compiled, that an option was taken in part.

Who has to say so tells the `logging` package; here its words are put on standard error, unless the
program that uses Trapline has made arrangements of its own.
"""

import logging
import sys

LOGGERS = ("isa.engine.lowering.build", "trapline.session")


class _ToStandardError(logging.Handler):
    """Prints each message as a line of the command."""

    def emit(self, record: logging.LogRecord) -> None:
        print(f"trapline: {record.getMessage()}", file=sys.stderr, flush=True)


def show_progress() -> None:
    """Print what is reported, from now on."""
    for logger in map(logging.getLogger, LOGGERS):
        if not logger.hasHandlers():
            logger.addHandler(_ToStandardError())
            logger.setLevel(logging.INFO)
            logger.propagate = False
