"""Archives in, commands out: reading, mapping, judging and recording what institutions publish."""
