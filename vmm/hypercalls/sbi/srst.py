"""SBI SRST: shutdown and reboot.

Follows the SBI Specification v3.0, chapter "System Reset Extension (EID #0x53525354 "SRST")".
"""

from collections.abc import Sequence

from vmm.contracts import CallOutcome, MachineStopped, SbiPlatform, StopKind, StopRequest
from vmm.hypercalls.sbi.args import INVALID_PARAM, u32
from vmm.hypercalls.sbi.extension import Extension

KINDS = {0: StopKind.SHUTDOWN, 1: StopKind.COLD_REBOOT, 2: StopKind.WARM_REBOOT}
STATUSES = {0: 0, 1: 1}
"""Exit status by reset reason: "no reason" is success, "system failure" is not."""


def system_reset(_platform: SbiPlatform, _hart: int, args: Sequence[int]) -> CallOutcome:
    """Shut down or reboot the machine."""
    kind, status = KINDS.get(u32(args[0])), STATUSES.get(u32(args[1]))
    if kind is None or status is None:
        return INVALID_PARAM
    return MachineStopped(StopRequest(kind, status, "sbi_system_reset"))


EXTENSION = Extension("SRST", 0x53525354, {0: system_reset})
