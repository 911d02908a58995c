"""Who did what, when and from where: one line of text for each act, written in the act's own transaction."""

from contextvars import ContextVar

from django.db import models
from django.db.models.functions import Now

from safety_portal.append_only import FilledMoment
from safety_portal.people import Person

# Where the present request comes from; the middleware sets it, a task or command leaves it empty.
request_origin = ContextVar("request_origin", default="")


class AuditQuerySet(models.QuerySet):
    def newest_first(self):
        return self.order_by("-pk")

    def about(self, target):
        """Rows about one thing, by its reference."""
        return self.filter(target=target)

    def with_names(self):
        return self.select_related("by")


class AuditRow(models.Model):
    """One act. Never changed, never removed. Facts are text as they stood then, not foreign keys."""

    may_insert = ("act", "by", "on_behalf_of", "target", "station_code", "facts", "origin")

    act = models.CharField(max_length=60)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    on_behalf_of = models.CharField(max_length=200)
    target = models.CharField(max_length=60)
    station_code = models.CharField(max_length=20)
    facts = models.TextField()
    origin = models.CharField(max_length=100)
    recorded_at = FilledMoment(db_default=Now())

    objects = AuditQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["target", "id"], name="audit_by_target")]

    def __str__(self):
        return f"{self.act} {self.target}"


def record(act, *, by, target, station=None, on_behalf_of="", **facts):
    """Write one audit row. `target` is a thing with a reference, or a text; facts become “name: value” lines.

    Medical facts don't belong here: the guard for those is medical.py.
    """
    return AuditRow.objects.create(
        act=act,
        by=by,
        on_behalf_of=on_behalf_of,
        target=getattr(target, "reference", None) or str(target),
        station_code=station.code if station else "",
        facts="\n".join(f"{name}: {value}" for name, value in facts.items()),
        origin=request_origin.get(),
    )
