"""For those who harvest metadata: OAI-PMH, sitemaps, robots.txt, the catalogue of datasets."""
