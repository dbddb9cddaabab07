"""The public face of Trapline: the `trapline` command and what scripts and notebooks import.

Everything here is thin. The instruction set is in `isa`, the assembler and linker in `assembler`,
the board and the monitor in `vmm`, the bundled kernels in `guests`.
"""

__version__ = "0.1.0"
