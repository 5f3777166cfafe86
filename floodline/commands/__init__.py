"""One file per command, offering ``command``."""
