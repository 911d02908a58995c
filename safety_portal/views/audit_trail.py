"""The audit, for those who check: who did what, to what, when and from where."""

import re

from django.db.models import Q
from django.shortcuts import render

from safety_portal import access, keyset
from safety_portal.access import EVERYWHERE, Permission, needs
from safety_portal.audit import AuditRow
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.page_parts import Column, FilterWord, Table, address
from safety_portal.people import Person
from safety_portal.saved_filters import savable
from safety_portal.widgets import words

NEWEST = (By("pk"),)
FIELDS = (("about", "About"), ("act", "Act"), ("by", "By"))
MOST_PEOPLE = 50  # that words may mean


FILE = (
    Out("When", "recorded_at", moment=True), Out("Act", "act"), Out("By", "by.name"), Out("About", "target"),
    Out("Station", "station_code"), Out("Facts", "facts"), Out("From", "origin"),
)  # fmt: skip


def rows_seen(person):
    """Every row for who checks the whole agency, else rows of their stations."""
    if access.may(person, Permission.AUDIT_SEE, at=EVERYWHERE):
        return AuditRow.objects.all()
    stations = access.stations_where(person, Permission.AUDIT_SEE)
    return AuditRow.objects.filter(station_code__in=stations.values("code"))


def filtered(rows, asked):
    if about := asked["about"]:
        named = {about, about.upper()}
        # An act on fifty kits is about “50 kits”; which ones stands in its facts.
        word = rf"\m{re.escape(about.upper())}\M"
        listed = Q(facts__contains=about.upper()) & Q(facts__regex=word)
        rows = rows.filter(Q(target__in=named) | listed)
    if asked["act"]:
        rows = rows.filter(act__startswith=asked["act"].lower())
    if asked["by"]:
        people = Person.objects.matching(asked["by"]).values_list("pk", flat=True)
        rows = rows.filter(by__in=list(people[:MOST_PEOPLE]))
    return rows


@needs(Permission.AUDIT_SEE)
@savable("about", "act", "by")
@downloads
def audit_trail(request):
    """Who did what?"""
    asked = {
        name: words.tidy(request.GET.get(name, ""))[:60].replace("\x00", "") for name, _ in FIELDS
    }
    found = filtered(rows_seen(request.person), asked)
    if wanted(request):
        return Listed("Audit", FILE, found.with_names(), NEWEST, down=True)
    page = keyset.page_of(request.GET, found.with_names(), NEWEST, down=True)
    here = dict.fromkeys(("after", "before", "last"))
    columns = [Column("When"), Column("Act"), Column("By"), Column("About"), Column("Facts"), Column("From")]  # fmt: skip
    context = {
        "title": "Audit",
        "fields": [(name, label, asked[name]) for name, label in FIELDS],
        "words": [
            FilterWord(f"{label}: {asked[name]}", address(request.GET, **here, **{name: None}))
            for name, label in FIELDS if asked[name]
        ],
        "head": Table(request, "Audit", columns, caption_hidden=True),
        "rows": page.rows,
        "pager": keyset.pager(request.GET, page, NEWEST, keyset.count_of(page, found), "act"),
    }  # fmt: skip
    return render(request, "people/audit.html", context)
