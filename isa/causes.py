"""Trap causes and privilege levels.

Follows the chapter "Machine-Level ISA", sections "Machine Cause Register (mcause)" and "Machine
Interrupt (mip and mie) Registers", of the RISC-V Privileged Architecture.
"""

from enum import IntEnum


class Priv(IntEnum):
    """Privilege levels, as encoded in mstatus.MPP."""

    U = 0
    S = 1
    M = 3


class Cause(IntEnum):
    """Exception codes."""

    FETCH_MISALIGNED = 0
    FETCH_ACCESS = 1
    ILLEGAL = 2
    BREAKPOINT = 3
    LOAD_MISALIGNED = 4
    LOAD_ACCESS = 5
    STORE_MISALIGNED = 6
    STORE_ACCESS = 7
    ECALL_U = 8
    ECALL_S = 9
    ECALL_VS = 10
    ECALL_M = 11
    FETCH_PAGE = 12
    LOAD_PAGE = 13
    STORE_PAGE = 15
    FETCH_GUEST_PAGE = 20
    LOAD_GUEST_PAGE = 21
    VIRTUAL = 22
    STORE_GUEST_PAGE = 23


class Irq(IntEnum):
    """Interrupt codes: bit numbers in mip and mie."""

    SSI = 1
    VSSI = 2
    MSI = 3
    STI = 5
    VSTI = 6
    MTI = 7
    SEI = 9
    VSEI = 10
    MEI = 11
    SGEI = 12
    LCOFI = 13


INTERRUPT = 1 << 63
"""The bit of a cause that says interrupt."""

CAUSE_TEXT: dict[Cause, str] = {
    Cause.FETCH_MISALIGNED: "instruction address misaligned",
    Cause.FETCH_ACCESS: "instruction access fault",
    Cause.ILLEGAL: "illegal instruction",
    Cause.BREAKPOINT: "breakpoint",
    Cause.LOAD_MISALIGNED: "load address misaligned",
    Cause.LOAD_ACCESS: "load access fault",
    Cause.STORE_MISALIGNED: "store/AMO address misaligned",
    Cause.STORE_ACCESS: "store/AMO access fault",
    Cause.ECALL_U: "environment call from U-mode",
    Cause.ECALL_S: "environment call from S-mode",
    Cause.ECALL_VS: "environment call from VS-mode",
    Cause.ECALL_M: "environment call from M-mode",
    Cause.FETCH_PAGE: "instruction page fault",
    Cause.LOAD_PAGE: "load page fault",
    Cause.STORE_PAGE: "store/AMO page fault",
    Cause.FETCH_GUEST_PAGE: "instruction guest-page fault",
    Cause.LOAD_GUEST_PAGE: "load guest-page fault",
    Cause.VIRTUAL: "virtual instruction",
    Cause.STORE_GUEST_PAGE: "store/AMO guest-page fault",
}


def describe_cause(cause: int) -> str:
    """Give the manual's words for an mcause value."""
    if cause & INTERRUPT:
        code = cause & ~INTERRUPT
        return f"interrupt {Irq(code).name if code in set(Irq) else code}"
    return CAUSE_TEXT[Cause(cause)] if cause in set(Cause) else f"cause {cause}"
