"""What floodline exists for: the access model, the comparison and the findings.

The way through the house: ``declared`` and ``live`` turn documents into facts, ``compare`` turns two lakes into
findings, ``evaluate`` turns findings into one report. Nothing in here can change a lake.
"""
