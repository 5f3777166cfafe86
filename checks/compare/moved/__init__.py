"""What changed below the grants: tags, columns, filter bodies and saved expressions that decide what a grant reaches.

The declared grants are evaluated over the declared and over the live facts. What they gain or lose by that is put down
to the fact that moved: one finding per fact, however many principals and tables it touches. The work follows what
changed: ``changes`` finds the facts that differ, ``alike`` groups the tables that they touch, ``judge`` judges each
group once for all principals, and ``single`` alone whom row filters limit.
"""

from __future__ import annotations

from checks.compare.moved.movement import moved

__all__ = ["moved"]
