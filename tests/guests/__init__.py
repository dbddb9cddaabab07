"""The bundled guests: their catalog, their constants, and what they print."""
