"""Many annotations at once: what agents post, what is chosen by a search or a table, the way back.

    posted by an agent  ─┐
    chosen by a search  ─┼─▶ lines ─▶ sections of 200 ─▶ one transaction each ─▶ report
    read from a CSV     ─┘

The log alone makes it exactly once: the content of an annotation is its claim (decision 0054).
"""
