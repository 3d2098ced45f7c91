"""SPARQL in processes of its own that can be killed.

The web process puts no query of the public to the engine. `gate` refuses what may not be asked,
`pool` hands the rest to a worker process, `link` is the web process's end of one worker, `worker`
is the other end: a read-only copy of the graph and one query at a time. `frames` is what passes
between the two, `exchange` one answer on its way, `checkpoint` finds the newest copy, `memo` keeps
small answers of it, `formats` names what an answer may look like. One kind of query meets no
worker: short walks from a known subject (`walks`), answered where they arrive (`lookup`, and `past`
for other states).
"""
