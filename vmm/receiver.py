"""How console input gets into a machine: when it is looked for, and who waits for it.

Input is taken at instants that depend on the guest alone, so that what stands in a file always
arrives at the same instructions; the serial port holds it until the guest reads it.
"""

from vmm.console import Console
from vmm.devices.uart import Uart

PAUSE = 1 << 20  # instructions between looks


class Receiver:
    """Moves input from the console to the serial port once the guest has shown interest."""

    def __init__(self, console: Console, uart: Uart) -> None:
        self.acts = 0
        self._console = console
        self._uart = uart

    def poll(self) -> int:
        """Look for input; give the number of instructions after which to look again."""
        if self._uart.is_listening and self._uart.poll():
            self.acts += 1
        return PAUSE

    @property
    def is_expecting(self) -> bool:
        """Whether input may still come, and would interrupt the guest."""
        return self._uart.can_wake and self._console.is_open

    def wait(self, seconds: float | None) -> bool:
        """Let the host wait for input, a while or for ever; say whether there may be some now."""
        return self._uart.is_listening and self._console.wait(seconds)
