"""SBI TIME: the S-mode timer.

Follows the SBI Specification v3.0, chapter "Timer Extension (EID #0x54494D45 "TIME")".
"""

from collections.abc import Sequence

from vmm.contracts import SbiPlatform, SbiReturn
from vmm.hypercalls.sbi.args import SUCCESS
from vmm.hypercalls.sbi.extension import Extension


def set_timer(platform: SbiPlatform, hart: int, args: Sequence[int]) -> SbiReturn:
    """Arm the S-mode timer."""
    platform.set_timer(hart, args[0])
    return SUCCESS


EXTENSION = Extension("TIME", 0x54494D45, {0: set_timer})
