"""Who harvests: the program itself, named once."""

from __future__ import annotations

from fdo.agent import Agent

HARVESTER = Agent("urn:collectome:agent:harvester", "Collectome harvester")
