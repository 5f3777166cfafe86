"""The preventive side: the rules of ``checks.rules`` as a Pulumi policy pack. Pulumi runs ``__main__``."""
