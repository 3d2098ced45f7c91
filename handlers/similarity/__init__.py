"""Images that look alike: a vector an image, and the nearest ones found among many.

The vectors are annotations of media (of the service `image-embedding`, or of any other that
writes the same body), so they are in the log; `handlers.projections.vectors` gathers them, and
the index is made from that view when it is first asked.
"""
