"""Serve the policy pack to Pulumi's engine; never returns."""

from policies.adapter import Pack
from policies.server import serve

serve(Pack())
