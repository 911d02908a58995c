"""Roles: who has which, given, ended, lent."""

from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from safety_portal import access, forms, keyset
from safety_portal.access import EVERYWHERE, PERMITS, Grant, Permission, Role, everyone, needs
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, FilterWord, Table, address
from safety_portal.saved_filters import savable
from safety_portal.views.people import form_page, page_of, seen

NEWEST = (By("pk"),)


FILE = (
    Out("Role", "get_role_display"), Out("Person", "person.name"), Out("Where", "where"),
    Out("From", "starts_at", moment=True), Out("Until", "ends_at", moment=True), Out("Given by", "given_by.name"),
)  # fmt: skip


@needs(Permission.ROLES_SEE, at=EVERYWHERE)
@savable("role")
@downloads
def roles(request):
    """Who has which role, where, and until when?"""
    role = request.GET.get("role") if request.GET.get("role") in Role.values else ""
    found = Grant.objects.in_force(timezone.now())
    words = []
    if role:
        found = found.of_role(role)
        none = dict.fromkeys(("role", "after", "before", "last"))
        words = [FilterWord(Role(role).label, address(request.GET, **none))]
    if wanted(request):
        return Listed("Roles", FILE, found.with_names(), NEWEST, down=True)
    page = keyset.page_of(request.GET, found.with_names(), NEWEST, down=True)
    columns = [Column("Role"), Column("Person"), Column("Where"), Column("From"), Column("Until"), Column("Given by")]  # fmt: skip
    context = {
        "title": "Who has which role?",
        "head": Table(request, "Roles in force", columns, caption_hidden=True),
        "grants": page.rows,
        "pager": keyset.pager(request.GET, page, NEWEST, keyset.count_of(page, found), "role"),
        "words": words,
        "choices": [(one.value, one.label, one == role) for one in Role if one != Role.EMPLOYEE],
    }
    return render(request, "people/roles.html", context)


@needs(Permission.GRANTS_KEEP, at=EVERYWHERE)
def give_role(request, number):
    """Give somebody a role in a place, from a day on."""
    found = seen(request, number)
    if found == request.person or found.left_on is not None:
        raise Http404
    form = forms.GrantForm(
        request.POST or None, person=request.person, to=found, cancel_url=page_of(found)
    )
    if request.method == "POST" and form.carry_out(access.give_grant):
        messages.success(request, f"{found} has the role: {form.result}.")
        return redirect(page_of(found))
    trail = ("People", reverse("people"), found.name, page_of(found))
    return form_page(request, form, f"Give {found} a role", *trail)


def endable(person):
    """Grants that one may end: what one has lent; for who gives roles, every one but their own."""
    if access.may(person, Permission.GRANTS_KEEP, at=EVERYWHERE):
        # The last administrator would lock out everybody, unseen until the next one is needed.
        return Grant.objects.exclude(person=person)
    return Grant.objects.filter(lent_from__person=person)


@everyone
def end_role(request, number):
    """End a role, or a loan of one's own, before its time."""
    now = timezone.now()
    running = endable(request.person).filter(Q(ends_at=None) | Q(ends_at__gt=now))
    grant = get_object_or_404(running.with_names(), pk=number)
    back = reverse("lend_role") if grant.lent_from_id and grant.lent_from.person_id == request.person.pk else page_of(grant.person)  # fmt: skip
    form = forms.EndGrantForm(request.POST or None, person=request.person, cancel_url=back)
    if request.method == "POST" and form.carry_out(access.end_grant, grant=grant):
        messages.success(request, f"Ended: {grant}, {grant.person}.")
        return redirect(back)
    title = f"End {grant.person}’s role?"
    return form_page(request, form, title, lead=f"{grant}.")


@needs(Permission.ROLE_LEND)
def lend_role(request):
    """Lend one's own role for a leave, and take it back."""
    now = timezone.now()
    able = [role for role in Role if Permission.ROLE_LEND in PERMITS[role]]
    mine = Grant.objects.in_force(now).of_role(*able).filter(person=request.person, lent_from=None)
    form = forms.LendForm(
        request.POST or None, person=request.person, grants=mine.with_names(), cancel_url=reverse("home")
    )  # fmt: skip
    if request.method == "POST" and form.carry_out(access.lend_role):
        messages.success(request, f"{form.result.person} has the role too: {form.result}.")
        return redirect("lend_role")
    lent = Grant.objects.filter(lent_from__person=request.person, ends_at__gt=now).with_names()
    columns = [Column("To"), Column("Role"), Column("From"), Column("Until"), Column("", hidden="Acts")]  # fmt: skip
    context = {
        "title": "Lend my role",
        "form": form,
        "lent": list(lent.newest_first()),
        "head": Table(request, "Lent now", columns),
        "can_lend": mine.exists(),
    }
    return render(request, "people/lend.html", context)
