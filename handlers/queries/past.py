"""Look-ups on copies of other states, answered where they arrive as those on the newest are."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from handlers.queries.answer import Copy, Question
from handlers.queries.checkpoint import Opened, OtherCopies
from handlers.queries.formats import RESULTS
from handlers.queries.frames import THE_STORE
from handlers.queries.lookup import walked_body
from handlers.queries.memo import Kept
from handlers.queries.walks import LookUp, recognise


class PastLookUps:
    """Holds the last few copies open in this process.

    Whoever asks keeps the copy in its place meanwhile. Opening takes tens of milliseconds, so it
    is done beside; the workers answer until it is done.
    """

    def __init__(self) -> None:
        self._copies = OtherCopies()
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="past-look-ups")
        self._opening: Future[Opened] | None = None

    def answer(self, question: Question, copy: Copy) -> Kept | None:
        """The answer as SPARQL 1.1 Query Results JSON; None where a worker must be asked."""
        if question.results is not RESULTS[0] or not _of_the_whole_store(question):
            return None
        walk = recognise(question.query)
        return None if walk is None else self.find(walk, copy)

    def find(self, walk: LookUp, copy: Copy) -> Kept | None:
        """The same for a query that is recognised already, of the whole store."""
        if self._opening is not None and not self._opening.done():
            return None
        path = str(copy.path)
        opened = self._copies.here(path)
        if opened is None:
            self._copies.let_go()
            self._opening = self._opener.submit(self._copies.take, path)
            return None
        body = walked_body(opened.store, walk)
        if body is None:
            return None
        return Kept(RESULTS[0].content_type, copy.position, copy.recorded_at, body)

    def let_go(self) -> None:
        """Close what is not in its place any more."""
        if self._opening is None or self._opening.done():
            self._copies.let_go()

    def close(self) -> None:
        """Let go of the copies."""
        self._opener.shutdown()
        self._copies = OtherCopies()


def _of_the_whole_store(question: Question) -> bool:
    """Whether the default graph is the store's; a walk never looks at named ones."""
    return question.default_graphs in ((), (THE_STORE,)) and not (
        (question.named_graphs and not question.default_graphs)
        or question.base_iri
        or question.rows
        or question.instead
        or question.tables
    )
