"""Webhooks: changes sent to whoever subscribed, signed, again and again until they arrive.

A process, not a projection: it follows the log and acts on the world. `store` remembers who
subscribed and how far each has got, `deliverer` sends, `signing` proves who sent it.
"""
