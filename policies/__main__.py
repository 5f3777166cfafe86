"""Serve the policy pack to Pulumi's engine; never returns.

A team's own pack is this file, a PulumiPolicy.yaml and a requirements.txt (docs/policy-pack.md).
"""

from policies.adapter import Pack
from policies.server import serve

serve(Pack())
