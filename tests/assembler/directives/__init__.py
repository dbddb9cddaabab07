"""Tests of the assembler's directives."""
