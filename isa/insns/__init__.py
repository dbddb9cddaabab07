"""The instructions, one file per extension.

A meaning takes operand values by name (`rs1` is the register's value, `imm` the immediate) and
returns a word; `isa/words.py` has the vocabulary.
"""
