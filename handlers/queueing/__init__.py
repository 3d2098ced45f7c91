"""How jobs reach machine-annotation services, and how answers come back: NATS JetStream.

    dispatcher ── send ──▶ stream MAS_{topic} ── micro-batch ──▶ worker ── annotate ──┐
        ▲                        (the broker, a child process or a cluster)           │
        └── Results.take ◀── mas.results ◀── answers of a micro-batch, one request ◀──┘

The log is the truth and the broker only carries: a job message is acknowledged when the event
with its annotations is durable, so whatever dies in between, the message comes again, and the
log refuses to take the same job twice. `kit` is what writers of services use; `worker` runs them.
"""
