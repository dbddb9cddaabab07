"""What GNU binutils do with finished files: objdump, nm, size, ar, objcopy, strip, addr2line.

They read a file as it is (`elf_file.py`), not as the linker needs it, and print what GNU's print.
"""
