"""From meanings to compiled code: what every compiled part of Trapline is built with.

`subset.py` collects functions as the text of a module, `emit.py` makes LLVM IR of it, `words.py`
has the compiled words; `build.py` keeps machine code in the cache folder and loads it.
"""
