"""The gdb server: gdb's remote serial protocol for a machine, its harts as threads."""
