"""Serve the policy pack to Pulumi's engine: building the pack starts its server, and never returns."""

from pulumi_policy import PolicyPack

from policies.adapter import NAME, policies

PolicyPack(NAME, policies())
