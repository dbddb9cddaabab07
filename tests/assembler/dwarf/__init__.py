"""Tests of the assembler's debugging and unwinding information."""
