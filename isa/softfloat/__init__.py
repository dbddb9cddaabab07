"""IEEE 754 arithmetic in integer words, exact in results and flags.

Every function is generic over the format, written in the words that every engine executes, and
gives the bits of its result; flags go into the hart page in one place (`status.py`). Not here: the
instructions (`isa/insns/f.py` and its neighbours), and the compiled engines' quick road.
"""
