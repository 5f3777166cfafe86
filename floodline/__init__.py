"""The command line: a thin shell around the rooms. It reads, asks the pure rooms, writes and exits, no more."""

__version__ = "0.1.0"
