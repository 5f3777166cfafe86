"""Predicates over rows, tags and conditions, and how two of them relate.

``kernel`` decides Boolean combinations of single-attribute atoms; ``rows``, ``tags`` and ``abac`` are its front-ends;
``replay`` runs every refutation again on plain values before it is reported.
"""
