"""How guest memory is virtualized: one file a mode."""
