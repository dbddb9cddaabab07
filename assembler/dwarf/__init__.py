"""Debugging and unwinding information: `.debug_line`, `.debug_info`, `.eh_frame`, `.debug_frame`.

All of it is written when the sizes of the code are final. Follows the DWARF standard, versions 2
to 5, the Linux Standard Base for `.eh_frame`, and the DWARF chapter of the RISC-V psABI.
"""
