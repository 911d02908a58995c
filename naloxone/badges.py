"""State and expiry of a unit as a word with a shape, the same on every page."""

from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from naloxone.inspection_rules import Result
from naloxone.models import RESULTS, Outcome
from naloxone.need_rules import WORTH_WORDS, Worth
from naloxone.rules import STATE_WORDS, State

SOON_DAYS = 30
TONES = {
    State.NEW: "quiet",
    State.QUARANTINE: "watch",
    State.IN_SERVICE: "good",
    State.OPENED: "watch",
    State.HELD: "watch",
    State.RECALLED: "bad",
    State.MISSING: "bad",
    State.WRITTEN_OFF: "quiet",
    State.SPENT: "quiet",
    State.DESTROYED: "quiet",
    State.PASSED_ON: "quiet",
}
OUTCOME_TONES = {
    None: "info",
    Outcome.ACCEPTED: "good",
    Outcome.REFUSED: "bad",
    Outcome.WITHDRAWN: "quiet",
    Outcome.LAPSED: "watch",
}


@lru_cache(maxsize=64)
def badge(text, tone):
    """The component's markup; a list shows the same few a hundred times."""
    markup = render_to_string("components/badge.html", {"text": text, "tone": tone})
    # Its indentation would be a fifth of a list. What split() gives is no longer known to be markup.
    return mark_safe(" ".join(markup.split()))


def state_badge(state):
    return badge(STATE_WORDS[State(state)], TONES[State(state)])


WORTH_TONES = {Worth.SERVICEABLE: "good", Worth.IN_NEED: "watch", Worth.NEITHER: "bad"}


def worth_badge(worth):
    """What a unit is worth in need; nothing for what does not count."""
    return badge(WORTH_WORDS[worth], WORTH_TONES[worth]) if worth else ""


def par_badge(place):
    """Whether a place (counted: `serviceable`, `in_need`) has enough; nothing without a par. A word and a shape each."""
    if place.par_min is None:
        return ""
    if place.serviceable >= place.par_min:
        return badge("Enough", "good")
    if place.serviceable:
        return badge("Below par", "bad")
    return badge("Usable in need only", "watch") if place.in_need else badge("Empty", "bad")


def expiry_badge(expires_on, today):
    """Expired, or soon to be; nothing while there is time."""
    if expires_on is None:
        return ""
    days = (expires_on - today).days
    if days < 0:
        return badge("Expired", "bad")
    return badge("Expires soon", "watch") if days <= SOON_DAYS else ""


def check_badge(due_on, today):
    """That an inspection is due, or past its day; nothing before."""
    if due_on is None or due_on > today:
        return ""
    return (
        badge("Inspection overdue", "bad") if due_on < today else badge("Inspection due", "watch")
    )


RESULT_TONES = {Result.OK: "good", Result.SHORT: "bad", Result.EXTRA: "watch", Result.REPLACE: "bad"}  # fmt: skip


def result_badge(result):
    return badge(dict(RESULTS)[result], RESULT_TONES[result])


def outcome_badge(outcome):
    return badge(Outcome(outcome).label if outcome else "Open", OUTCOME_TONES[outcome])


def signature_badge(disposal, now):
    """Whether one person or two stand for a disposal (counted: `standing`). A shape each, not a colour only."""
    if not disposal.standing:
        return badge("Undone", "quiet")
    if disposal.due_at is None:
        return badge("Two people", "good")
    if disposal.signed is None:
        late = disposal.due_at <= now
        return badge("One person, overdue", "bad") if late else badge("One person", "watch")
    late = disposal.signed.at > disposal.due_at
    return badge("Two people, signed late", "watch") if late else badge("Two people", "good")


def receipt_badge(disposal, today):
    """Whether who took it has given a receipt, and since when it is owed; nothing where none is."""
    if not disposal.owes_receipt:
        return ""
    if disposal.receipt or disposal.receipts.all():
        return badge("Receipt here", "good")
    days = (today - disposal.station.today(disposal.act.occurred_at)).days
    age = "since today" if not days else "for 1 day" if days == 1 else f"for {days} days"
    if today > disposal.receipt_due_on:
        return badge(f"Receipt overdue, owed {age}", "bad")
    return badge(f"Receipt owed {age}", "watch")


@lru_cache(maxsize=4)
def _tick_markup(form):
    box = {"name": "kits", "value": "K-0", "label": "K-0", "form": form}
    return " ".join(render_to_string("components/tick.html", box).split())


def tick(reference, form):
    """The component's box for one unit; written once and filled in, for the same reason."""
    return mark_safe(_tick_markup(form).replace("K-0", reference))


def show(kits, today, *, form=""):
    """The kits, each with its badges for the template; with the box that ticks it for a form."""
    for kit in kits:
        kit.state_badge = state_badge(kit.state)
        kit.expiry_badge = expiry_badge(kit.expires_on, today)
        if form:
            kit.tick = tick(kit.reference, form)
    return kits
