"""Objects, executables and archives as the tools see them, against GNU binutils."""
