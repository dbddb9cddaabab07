"""Shapes of the interpreter's private memory: predecoded code and the inline TLB. Sizes are bytes.

Predecoded code holds one micro-op per aligned instruction slot of RAM, and one more per page that
says the page ends. A micro-op is one word: two register slots, the operation, and 32 bits for an
immediate or whatever else there is (`ops.py`).
"""

INSN_SLOT = 2
UOP = 8
UOPS_PER_PAGE = 4096 // INSN_SLOT
CODE_STRIDE = (UOPS_PER_PAGE + 1) * UOP  # no micro-op is longer than what is left of its page
PC_TO_UOP = 2  # shift: UOP / INSN_SLOT is 4

EXECUTE = 1 << 63  # with it, what is passed as fuel is one instruction to carry out
INSN_BITS = (1 << 32) - 1

OP_AT, OP_MASK = 16, 0xFFFF
LAST_AT = 32  # where a micro-op's upper half begins

OP_UNDECODED, OP_SLOW, OP_PAGE_END, FIRST_OP = range(4)  # 0: fresh memory is undecoded
FIRST_CHAIN = 1024  # operations from here on are chains

MOST_PARTS = 4  # of a chain
CHAIN_REACH = (MOST_PARTS - 1) * 4 // INSN_SLOT  # slots from a chain's first to its last, at most

EPOCH_BEFORE = 64  # the epoch word stands this far before the page flags
HAS_CODE = 1  # page flag: micro-ops are decoded
HAS_STORES = 2  # page flag: some inline TLB may hold it for stores
STRIKE = 4  # the flags' other bits count stores to a page of code since it was last decoded
MOST_STRIKES = 63 * STRIKE

INLINE_BITS = 10
INLINE_MASK = (1 << INLINE_BITS) - 1
INLINE_ENTRY = 16  # tag, and what to add to an address (or the page's first micro-op)
INLINE_TABLE = INLINE_ENTRY << INLINE_BITS
LOADS_AT = INLINE_TABLE
STORES_AT = 2 * INLINE_TABLE
CONTEXTS_AT = 3 * INLINE_TABLE
CONTEXT_MASK = 63
CONTEXT_ENTRY = 32  # satp, privilege and status bits, number, hgatp
INLINE_SIZE = CONTEXTS_AT + (CONTEXT_MASK + 1) * CONTEXT_ENTRY
CONTEXTS = 512  # numbers that fit in a tag between the page number and the alignment bits
CONTEXT_SHIFT = 3
