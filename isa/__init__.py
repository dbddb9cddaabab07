"""The RISC-V instruction set, written down once.

Every instruction, CSR, cause and state slot is one entry of a table in this package; the encoder,
decoder, disassembler, assembler checks and all engines are derived from those tables.
"""
