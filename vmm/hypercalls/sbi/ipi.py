"""SBI sPI: interrupts between harts.

Follows the SBI Specification v3.0, chapter "IPI Extension (EID #0x735049 "sPI: s-mode IPI")".
"""

from collections.abc import Sequence

from vmm.contracts import SbiPlatform, SbiReturn
from vmm.hypercalls.sbi.args import INVALID_PARAM, SUCCESS, harts_of_mask, interruptible
from vmm.hypercalls.sbi.extension import Extension


def send_ipi(platform: SbiPlatform, _hart: int, args: Sequence[int]) -> SbiReturn:
    """Make the software interrupt pending on the harts of a mask."""
    harts = harts_of_mask(platform, args[0], args[1])
    if harts is None:
        return INVALID_PARAM
    for target in interruptible(platform, harts):
        platform.send_ipi(target)
    return SUCCESS


EXTENSION = Extension("sPI", 0x735049, {0: send_ipi})
