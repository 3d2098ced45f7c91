"""The commands of `collectome`, by what they are about; `api.cli` puts them together."""
