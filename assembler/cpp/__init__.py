"""A C preprocessor for assembly sources (`.S`), in the manner of `gcc -x assembler-with-cpp`."""
