"""Fields of hstatus.

Follows the chapter "Hypervisor Extension", section "Hypervisor Status (hstatus) Register", of the
RISC-V Privileged Architecture.
"""

GVA = 1 << 6
SPV = 1 << 7
SPVP = 1 << 8
HU = 1 << 9
VTVM = 1 << 20
VTW = 1 << 21
VTSR = 1 << 22
VSXL_64 = 2 << 32
WRITABLE = GVA | SPV | SPVP | HU | VTVM | VTW | VTSR
