"""The board and the virtual machine monitor: everything a guest sees beyond its instructions.

The instructions themselves, their engines and the hart state belong to `isa`.
"""
