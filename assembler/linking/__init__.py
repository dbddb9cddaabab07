"""The linker: what GNU ld does for static RV64 programs, one concern a file.

Start reading at `driver.py`, which calls the others in the order of a link.
"""
