"""A double of DataCite as operators start it, for tests that mint."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from tests.scenarios.program import begun


class Double:
    """`collectome datacite-double` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.process = begun("datacite-double", "--port=0", "--json", data=folder / "dc.sqlite")
        assert self.process.stdout is not None
        self.url: str = json.loads(self.process.stdout.readline())["url"]
        self.settings = {
            "datacite_url": self.url,
            "datacite_username": "COLLECTOME.DEMO",
            "datacite_password": "demo",
        }

    def findable(self) -> dict[str, str]:
        """DOI in upper case → where it leads, of those that the world would find."""
        answer = httpx.get(f"{self.url}dois", params={"page[size]": 1000})
        rows = [one["attributes"] for one in answer.json()["data"]]
        return {one["doi"].upper(): one["url"] for one in rows if one["state"] == "findable"}

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
