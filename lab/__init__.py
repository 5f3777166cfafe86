"""The lab: an embedded AWS to try floodline on. ``lab.server.Lab`` starts it."""
