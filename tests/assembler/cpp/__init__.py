"""The preprocessor, against gcc -E."""
