"""A list's filters that somebody keeps under a name for themselves; on pages they are called views."""

from django.db import models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from safety_portal import access
from safety_portal.access import ANYWHERE, AccessError, Permission
from safety_portal.people import Person

MOST = 20  # of one person on one list; more would be a list to search in itself
NAME_LENGTH, QUERY_LENGTH = 40, 500
FULL = f"You have {MOST} views of this list, and there can be no more. Remove one, or replace one by taking its name."


class SavedFilterError(Exception):
    """Why filters can't be kept so; the text is fit to show."""

    field = "name"
    taken = None


class NameTakenError(SavedFilterError):
    """The name is that of another view of this list, `taken`, which may be replaced."""

    def __init__(self, taken):
        super().__init__(f"You have a view “{taken}” already. Choose another name, or replace it.")
        self.taken = taken


class SavedFilterQuerySet(models.QuerySet):
    def of(self, person, page):
        """What a person keeps for a list, in the order in which it was saved."""
        return self.filter(owner=person, page=page).order_by("pk")

    def called(self, name):
        """By name, without regard to case, as the constraint has it."""
        return self.filter(Exact(Lower("name"), Lower(Value(name))))


class SavedFilter(models.Model):
    """A name for the filters and the order of one list. Its owner's alone, changed and removed as they like."""

    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(
        max_length=60
    )  # the list's URL name: who renames it takes these rows along
    name = models.CharField(max_length=NAME_LENGTH)
    query = models.CharField(max_length=QUERY_LENGTH)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("owner", "page", Lower("name"), name="saved_filter_named_once"),
            models.CheckConstraint(
                name="saved_filter_is_named", condition=~Q(name="") & ~Q(query="")
            ),
        ]

    def __str__(self):
        return self.name


# --- verbs ---------------------------------------------------------------------------------------


@transaction.atomic
def save_filter(*, page, name, query, replaces=None, by):
    """Keep a list's filters under a name, for oneself. Returns the SavedFilter; raises SavedFilterError.

    `query` is the part of the address that makes the view, always written alike. A name that is taken is asked about first (NameTakenError):
    `replaces` is the key of the row that may then be overwritten.
    No audit row: a name for an address is the person's own convenience, nobody else sees it, and what the
    address shows is decided anew at each look.
    """
    access.check(by, Permission.OWN_THINGS, at=ANYWHERE)
    check_filter(query)
    # Two clicks at once are answered one after the other, so the second sees the first one's row.
    Person.objects.select_for_update(of=("self",), no_key=True).get(pk=by.pk)
    mine = SavedFilter.objects.of(by, page)
    same = mine.called(name).first()
    if same is None:
        if mine.count() >= MOST:
            raise SavedFilterError(FULL)
        return SavedFilter.objects.create(owner=by, page=page, name=name, query=query)
    if same.query == query:
        return same
    if same.pk != replaces:
        raise NameTakenError(same)
    same.name, same.query = name, query
    same.save()
    return same


def check_filter(query):
    """Raise SavedFilterError unless there is something to save, and not too much."""
    if not query:
        raise SavedFilterError("No filter is on, so there is nothing to save.")
    if len(query) > QUERY_LENGTH:
        raise SavedFilterError("These filters are too long to be saved. Search for a shorter text.")


@transaction.atomic
def remove_filter(*, saved, by):
    """Forget a saved filter. Raises AccessError when it is somebody else's. No audit row, as for saving."""
    access.check(by, Permission.OWN_THINGS, at=ANYWHERE)
    if saved.owner_id != by.pk:
        raise AccessError(f"{by} removes a view that is not theirs")
    saved.delete()
