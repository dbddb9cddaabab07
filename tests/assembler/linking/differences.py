"""Where our executables may differ from GNU ld's, and why; a test fails on anything else.

Contents, addresses, sizes and values of everything are never excused.
"""

# In which section a symbol counts that a script defines between sections. Its value is the same;
# GNU ld guesses the section from the order of statements, and nothing depends on the guess.
SECTION_OF_SCRIPT_SYMBOLS = "section of a symbol that a script defines outside of sections"

# The digest of --build-id is over our file, whose debugging strings may be stored in another order.
DIGEST = "digest in .note.gnu.build-id"

# Names share room in the string tables in another order when section names end each other.
STRING_TABLES = ".strtab and .shstrtab"

# GNU ld 2.40 stores R_RISCV_IRELATIVE for a pointer where one for a stub belongs, so one is lost.
INDIRECT_POINTERS = "relocations of indirect functions that have no stub, beside some that have"

ALL = (SECTION_OF_SCRIPT_SYMBOLS, DIGEST, STRING_TABLES, INDIRECT_POINTERS)
