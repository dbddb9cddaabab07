"""The measurements run and tell; how fast anything is decides nothing here."""
