"""The command: its frame, its own subcommands, and the package that is installed."""
