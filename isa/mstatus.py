"""Fields of mstatus (and of sstatus, its restricted view).

Follows the chapter "Machine-Level ISA", section "Machine Status (mstatus and mstatush) Registers",
of the RISC-V Privileged Architecture.
"""

SIE = 1 << 1
MIE = 1 << 3
SPIE = 1 << 5
MPIE = 1 << 7
SPP = 1 << 8
MPP = 3 << 11
MPP_SHIFT = 11
FS = 3 << 13
FS_SHIFT = 13
MPRV = 1 << 17
SUM = 1 << 18
MXR = 1 << 19
TVM = 1 << 20
TW = 1 << 21
TSR = 1 << 22
GVA = 1 << 38
MPV = 1 << 39
UXL_64 = 2 << 32
SXL_64 = 2 << 34
SD = 1 << 63

MSTATUS_WRITABLE = SIE | MIE | SPIE | MPIE | SPP | MPRV | SUM | MXR | TVM | TW | TSR
MSTATUS_FIXED = UXL_64 | SXL_64
SSTATUS_WRITABLE = SIE | SPIE | SPP | SUM | MXR
SSTATUS_VISIBLE = SSTATUS_WRITABLE | UXL_64
