"""Tests of the assembler and the linker."""
