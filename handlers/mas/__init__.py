"""Machine-annotation services: registered as objects, triggered by the log, paid in annotations.

    log ──scheduling──▶ JobsScheduled ──▶ mas.sqlite ──dispatch──▶ transport ──▶ service
                                                                                    │
    log ◀── annotations and JobsCompleted, one transaction ◀──────── results ◀──────┘

`services` says what a service is, `filters` which objects it wants, `loops` whom it may follow,
`scheduling` makes jobs of events, `store` remembers how they stand, `dispatch` hands them over,
`transport` is what carries them, `results` takes the answers. The log is the truth: the store can
be deleted and is made again from it.
"""
