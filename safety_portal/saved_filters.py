"""A list's filters that somebody keeps under a name for themselves; on pages they are called views."""

from functools import wraps
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import cached_property

from safety_portal import access
from safety_portal import widgets as w
from safety_portal.access import ANYWHERE, AccessError, Permission
from safety_portal.page_parts import SavedLink
from safety_portal.people import Person
from safety_portal.widgets import words

MOST = 20  # of one person on one list; more would be a list to search in itself
NAME_LENGTH, QUERY_LENGTH = 40, 500
FULL = f"You have {MOST} views of this list, and there can be no more. Remove one, or replace one by taking its name."
IDS = "saved_%s"  # of the form's fields: the list has a form of its own beside it


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
    query = models.CharField(max_length=QUERY_LENGTH)  # as `view_in` writes it

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

    `query` is what `view_in` makes of an address. A name that is taken is asked about first (NameTakenError):
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


# --- on a list -----------------------------------------------------------------------------------


def savable(*names, **defaults):
    """The views of a list may be saved: @savable("q", "station", shown="serving").

    Only these names of its address are kept, so where one is in the list is not. A default is what a name
    means when it is left out; left out and default are the same view.
    """
    left_out = dict.fromkeys(names, "") | defaults

    def decorate(view):
        @wraps(view)
        def with_saved(request, *args, **kwargs):
            request.saved = SavedHere(request, left_out)
            if request.method == "POST" and (answer := request.saved.answer()):
                return answer
            return view(request, *args, **kwargs)

        return with_saved

    return decorate


def view_in(query, left_out):
    """What of an address makes the view, always written alike: known names, nothing empty, nothing unseen."""
    pairs = [(name, words.tidy(value)) for name in left_out for value in query.getlist(name)]
    return urlencode([(k, v) for k, v in pairs if v not in ("", left_out[k]) and is_plain(v)])


def is_plain(text):
    """Whether a text has no character that can't be seen."""
    try:
        words.check_characters(text)
    except ValidationError:
        return False
    return True


class SaveForm(w.PortalForm):
    """The name for the view one looks at."""

    name = w.TextField(
        label="Name of this view", max_length=NAME_LENGTH, help_text="Only you see it."
    )
    # Sent by the button that replaces the view of this name.
    replaces = forms.IntegerField(required=False, widget=forms.HiddenInput)
    submit_label = "Save"
    taken = result = None

    def carry_out(self, **more):
        """Save; False, with the reason at the name, when the form or the verb says no."""
        if not self.is_valid():
            return False
        facts = {name: self.cleaned_data[name] for name in ("name", "replaces")}
        try:
            self.result = save_filter(**facts, **more, by=self.person)
        except SavedFilterError as error:
            self.refuse(error)
            return False
        return True

    def refuse(self, error):
        """Show why not, and offer to replace the view whose name is taken."""
        self.taken = error.taken
        self.add_rule_error(error)


class SavedHere:
    """What a list shows of its reader's saved filters, and the answer to what they send about them."""

    form = None

    def __init__(self, request, left_out):
        self.request, self.left_out = request, left_out
        self.page = request.resolver_match.view_name
        self.mine = SavedFilter.objects.of(request.person, self.page)
        self.here = view_in(request.GET, left_out)
        self.place = f"{self.page}?{self.here}"

    @cached_property
    def links(self):
        """One for each saved filter. What this list no longer knows is left out of its address."""
        found = [(one, view_in(QueryDict(one.query), self.left_out)) for one in self.mine]
        return [SavedLink(one.name, f"?{view}", view == self.here, one.pk) for one, view in found]

    @property
    def current(self):
        """The saved filter that one looks at, or None."""
        return next((link for link in self.links if link.current), None)

    def form_for(self, filter_words):
        """The form as it was sent, or a new one: named by the filters' own words, or as what was just removed."""
        if self.form is None:
            removed = self.request.session.pop("removed_view", None)
            again = removed and removed[0] == self.place
            name = removed[1] if again else name_of(filter_words)
            self.form = SaveForm(person=self.request.person, auto_id=IDS, initial={"name": name})
            if len(self.links) >= MOST:
                self.form.fields["name"].help_text = FULL
        return self.form

    def answer(self):
        """Back to the same address; None when the page must say why something can't be saved."""
        if not (self.remove() if "remove" in self.request.POST else self.save()):
            return None
        return redirect(self.request.get_full_path())

    def remove(self):
        """Forget a view of the reader's own; its name waits in the form, should that have been a mistake."""
        request = self.request
        saved = get_object_or_404(self.mine, pk=key_in(request.POST["remove"]))
        remove_filter(saved=saved, by=request.person)
        request.session["removed_view"] = [self.place, saved.name]
        messages.success(request, f"“{saved}” is removed. To have it back, save this view again.")
        return True

    def save(self):
        """Keep what the address shows; False when the form has to come back."""
        request = self.request
        self.form = SaveForm(request.POST, person=request.person, auto_id=IDS)
        if not self.form.carry_out(page=self.page, query=self.here):
            self.form.fields["name"].widget.attrs["autofocus"] = True
            return False
        messages.success(request, f"Saved as “{self.form.result}”.")
        return True


def key_in(text):
    """The key of a row; 0, which no row has, for anything else."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def name_of(filter_words):
    """“In service · Expiring within 90 days”: what the portal can call a view by itself; empty when that is too long."""
    name = ""
    for word in filter_words:
        longer = f"{name} · {word.text}" if name else word.text
        if len(longer) > NAME_LENGTH:
            break
        name = longer
    return name
