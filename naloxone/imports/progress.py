"""How far an import is, for its page: in the cache, because its own transaction shows nobody anything before its end."""

import logging
import time

from django.core.cache import cache
from redis import RedisError

logger = logging.getLogger(__name__)

KEPT = 3600  # seconds
EVERY = 0.5  # seconds between two words about it


def _key(run):
    return f"import.{run.pk}"


def tell(run, done, of, words):
    """Keep (rows done, of how many, what is done with them). Without the cache an import goes on unseen."""
    try:
        cache.set(_key(run), (done, of, words), KEPT)
    except RedisError:
        logger.warning("Progress of %s could not be kept", run)


def told(run):
    """(done, of, words), or None when nobody has said anything yet."""
    try:
        return cache.get(_key(run))
    except RedisError:
        return None


class Ticker:
    """Called with each row: now and then it tells, and looks whether the import was cancelled meanwhile."""

    def __init__(self, run, of, words, look):
        self.run, self.of, self.words, self.look = run, of, words, look
        self.at = 0.0

    def __call__(self, done):
        if time.monotonic() - self.at >= EVERY:
            self.look()
            tell(self.run, done, self.of, self.words)
            self.at = time.monotonic()
