"""The lab: an embedded AWS with a faithful Lake Formation, and mishaps to play on it. Never part of a check."""
