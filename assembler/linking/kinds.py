"""The numbers of the relocation types that the linker handles by name.

Follows the RISC-V ELF psABI, chapter "Relocations"; what a type's value is and which bits it goes
to is in `assembler/reloc.py` where the assembler writes it too.
"""

NONE, ABS32, ABS64, RELATIVE, COPY, JUMP_SLOT = 0, 1, 2, 3, 4, 5
DTPREL32, DTPREL64 = 8, 9
BRANCH, JAL, CALL, CALL_PLT, GOT_HI20, TLS_GOT_HI20, TLS_GD_HI20 = 16, 17, 18, 19, 20, 21, 22
PCREL_HI20, PCREL_LO12_I, PCREL_LO12_S, HI20, LO12_I, LO12_S = 23, 24, 25, 26, 27, 28
TPREL_HI20, TPREL_LO12_I, TPREL_LO12_S, TPREL_ADD = 29, 30, 31, 32
ADD8, ADD16, ADD32, ADD64, SUB8, SUB16, SUB32, SUB64 = range(33, 41)
ALIGN, RVC_BRANCH, RVC_JUMP, RVC_LUI, GPREL_I, GPREL_S, TPREL_I, TPREL_S = range(43, 51)
RELAX, SUB6, SET6, SET8, SET16, SET32, PCREL32, IRELATIVE, PLT32 = range(51, 60)
SET_ULEB128, SUB_ULEB128 = 60, 61
TPREL = (TPREL_HI20, TPREL_LO12_I, TPREL_LO12_S, TPREL_ADD)
