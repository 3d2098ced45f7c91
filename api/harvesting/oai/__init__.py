"""OAI-PMH 2.0: what was asked (`asking`), lists that continue (`tokens`), answers (`provider`)."""
