"""The standard SBI error codes.

Follows the RISC-V Supervisor Binary Interface Specification v3.0, chapter "Binary Encoding".
"""

from enum import IntEnum


class SbiError(IntEnum):
    """What `sbiret.error` may hold."""

    SUCCESS = 0
    FAILED = -1
    NOT_SUPPORTED = -2
    INVALID_PARAM = -3
    DENIED = -4
    INVALID_ADDRESS = -5
    ALREADY_AVAILABLE = -6
    ALREADY_STARTED = -7
    ALREADY_STOPPED = -8
    NO_SHMEM = -9
    INVALID_STATE = -10
    BAD_RANGE = -11
    TIMEOUT = -12
    IO = -13
    DENIED_LOCKED = -14
