"""What could be guessed (a code, a PIN): tries are counted in the shared cache, and without it nobody may try."""

from django.core.cache import cache
from redis import RedisError

TRIES = 5
SECONDS = 5 * 60
UNCHECKED = "The proof can’t be checked at this moment. Try again in a minute."


class ProofError(Exception):
    """Why a proof is not taken; the text is fit to show and says nothing of the secret."""

    def __init__(self, message, field="proof"):
        super().__init__(message)
        self.field = field


def count_try(key):
    """How many tries within five minutes of each other, this one counted before it is looked at.

    Raises ProofError without the cache: uncounted, anybody could try as often as they like.
    """
    try:
        cache.add(key, 0, SECONDS)
        count = cache.incr(key)
        cache.touch(key, SECONDS)
    except (RedisError, ValueError) as error:
        raise ProofError(UNCHECKED) from error
    return count


def take_back_try(key):
    """A right try was none; the others stay counted."""
    try:
        cache.decr(key)
    except ValueError:
        return  # five minutes are over, and with them the count
    except RedisError as error:
        raise ProofError(UNCHECKED) from error


def forget_tries(key):
    """After a right try the wrong ones before it no longer count."""
    try:
        cache.delete(key)
    except RedisError as error:
        raise ProofError(UNCHECKED) from error
