"""Pages of alerts, the outbox and the sweeps."""

from django.db.models import Count, Max
from django.shortcuts import render
from django.urls import path

from safety_portal import keyset, looking
from safety_portal.access import Permission, everyone, needs, opens
from safety_portal.alerts import Alert, SweepRun, WorkerHeartbeat, kinds
from safety_portal.exports import Listed, Out, downloads, wanted
from safety_portal.keyset import By
from safety_portal.outbox import Message, MessageState
from safety_portal.page_parts import (
    Column,
    FilterWord,
    NavItem,
    Table,
    address,
    register_counter,
    register_navigation,
)

SHOWN = 100
NEWEST = (By("pk"),)
BELL_ENDS_AT = 99


FILE = (
    Out("About", "subject"), Out("What", lambda alert: kinds[alert.kind].title if alert.kind in kinds else alert.kind),
    Out("Station", "station.name"), Out("Due", "due_on"), Out("Open since", "opened_at", moment=True),
)  # fmt: skip


@everyone
@downloads
def my_alerts(request):
    """Open alerts of the stations one answers for; who answers for none sees none."""
    found = list(
        Alert.objects.visible_to(request.person)
        .filter(looking.narrowing(request.person))
        .open()
        .nearest_first()
        .select_related("station")[: SHOWN + 1]
    )
    if wanted(request):
        open_ones = (
            Alert.objects.visible_to(request.person)
            .filter(looking.narrowing(request.person))
            .open()
        )
        return Listed("Alerts", FILE, list(open_ones.nearest_first().select_related("station")))
    for alert in found:
        kind = kinds.get(alert.kind)
        alert.title = kind.title if kind else alert.kind
        url = kind.url([alert]) if kind else ""
        alert.url = url if url and opens(request.person, url) else ""
    head = Table(
        request,
        "Open alerts",
        [Column("About"), Column("What"), Column("Where"), Column("Due"), Column("Open since")],
        caption_hidden=True,
    )
    context = {"title": "Alerts", "head": head, "alerts": found[:SHOWN], "more": len(found) > SHOWN}
    return render(request, "alerts/my_alerts.html", context)


@needs(Permission.MAIL_SEE)
def outbox(request):
    """Whether mail goes out and the sweeps run: the worker, each sweep's last run, what can't be delivered."""
    newest = SweepRun.objects.values("name").annotate(last=Max("pk")).values("last")
    state = request.GET.get("state", "")
    state = state if state in MessageState.values else ""
    mails = Message.objects.filter(state=state) if state else Message.objects.all()
    page = keyset.page_of(request.GET, mails, NEWEST, down=True)
    none = dict.fromkeys(("state", "after", "before", "last"))
    counts = dict(Message.objects.values_list("state").annotate(n=Count("pk")).order_by())
    context = {
        "title": "Outbox and sweeps",
        "heartbeat": WorkerHeartbeat.objects.order_by("-at").first(),
        "runs": SweepRun.objects.filter(pk__in=newest).order_by("name"),
        "counts": [(state.label, counts.get(state, 0)) for state in MessageState],
        "undeliverable": Message.objects.undeliverable().newest_first()[:SHOWN],
        "mails": page.rows,
        "pager": keyset.pager(request.GET, page, NEWEST, keyset.count_of(page, mails), "mail"),
        "words": [FilterWord(MessageState(state).label, address(request.GET, **none))] if state else [],
        "choices": [(one.value, one.label, one == state) for one in MessageState],
        "run_head": Table(
            request,
            "Last run of each sweep",
            [Column("Sweep"), Column("Began"), Column("Looked at", figure=True),
             Column("Opened", figure=True), Column("Resolved", figure=True),
             Column("Mails", figure=True), Column("How it ended")],
            caption_hidden=True,
        ),
        "mail_head": Table(
            request,
            "Mail",
            [Column("Mail"), Column("Kind"), Column("State"), Column("Tries", figure=True),
             Column("Sent again", figure=True), Column("Next or sent"), Column("Server’s answer")],
            caption_hidden=True,
        ),
    }  # fmt: skip
    return render(request, "alerts/outbox.html", context)


def waiting(person):
    """Open alerts for the bell; counting stops where a person stops reading."""
    return Alert.objects.visible_to(person).open()[: BELL_ENDS_AT + 1].count()


register_counter(waiting)
register_navigation(
    NavItem("Alerts", "alerts", Permission.ALERTS_SEE, order=90),
    NavItem("Outbox and sweeps", "outbox", Permission.MAIL_SEE, order=120),
)

alert_urls = [
    path("alerts/", my_alerts, name="alerts"),
    path("outbox/", outbox, name="outbox"),
]
