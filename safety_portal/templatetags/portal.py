"""Words, dates and blocks that every page uses."""

import re
from zoneinfo import ZoneInfo

from django import template
from django.forms import CheckboxInput
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from safety_portal import access, qr, widgets
from safety_portal.widgets import inputs, words

register = template.Library()

NOT_KNOWN = mark_safe('<span aria-hidden="true">—</span><span class="usa-sr-only">not known</span>')


def _part(name, /, **context):
    return mark_safe(get_template(f"components/{name}.html").render(context))


# --- dates ------------------------------------------------------------------------------------------


def _day_text(value):
    return f"{value.day} {value:%b} {value.year}"


@register.filter
def day(value):
    """24 Nov 2026"""
    return NOT_KNOWN if value is None else _day_text(value)


def distance(days):
    """in 12 days, 3 days ago, today."""
    if days == 0:
        return "today"
    if abs(days) == 1:
        return "tomorrow" if days > 0 else "yesterday"
    return f"in {days:,} days" if days > 0 else f"{-days:,} days ago"


@register.filter
def day_in(value, today):
    """24 Nov 2026, in 12 days"""
    if value is None:
        return NOT_KNOWN
    return f"{_day_text(value)}, {distance((value - today).days)}"


def _local(value, zone):
    return timezone.localtime(value, ZoneInfo(zone) if isinstance(zone, str) else zone)


@register.filter
def moment(value, zone):
    """24 Nov 2026, 14:05 CST: the time in the zone, with its name."""
    if value is None:
        return NOT_KNOWN
    local = _local(value, zone)
    told = words.show_moment(local, local.tzinfo)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), told)


@register.filter
def clock(value, zone):
    """14:05 CST"""
    if value is None:
        return NOT_KNOWN
    local = _local(value, zone)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), f"{local:%H:%M %Z}")


# --- figures and references -------------------------------------------------------------------------


@register.filter
def count(number, noun):
    """1 kit, 12 kits; “dose|doses” or “box|boxes” where an s is not enough."""
    one, _, many = noun.partition("|")
    return f"{number:,} {one if number == 1 else many or one + 's'}"


@register.filter(name="reference")
def reference_text(value):
    """A reference in tabular figures that does not break over two lines."""
    return format_html('<span class="portal-reference">{}</span>', value)


@register.filter
def with_references(sentence):
    """A sentence in which K-214 or H-12 does not break over two lines."""
    parts = re.split(r"\b([A-Z]-\d+)\b", sentence)
    return format_html_join(
        "", "{}", ((reference_text(part) if n % 2 else part,) for n, part in enumerate(parts))
    )


@register.simple_tag
def reference(value, url=""):
    if not url:
        return reference_text(value)
    return format_html('<a class="usa-link portal-reference" href="{}">{}</a>', url, value)


@register.simple_tag
def icon(name):
    """A decorative picture: words beside it say the same."""
    return format_html(
        '<svg class="usa-icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("built/icons.svg"),
        name,
    )


@register.simple_tag
def qr_code(text, label):
    """The text as a QR code; what it leads to must stand beside it as a link or in words."""
    side, path = qr.draw(text)
    return _part("qr", side=side, path=path, label=label)


@register.filter
def share(done, whole):
    """Percent for a bar; nothing out of nothing is nothing."""
    return round(100 * done / whole) if whole else 0


@register.filter
def split_words(text):
    """“a,b” as a list, for a component that takes one."""
    return text.split(",")


@register.filter
def split_lines(text):
    """“One.|Two.” as a list of sentences."""
    return text.split("|")


# --- rights -----------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def may(context, permission, at=access.ANYWHERE):
    """{% may "KITS_SEE" as can_see %}: hides what one may not do; it never protects."""
    person = context["page"].person
    return access.may(person, access.Permission[permission], at=at)


# --- forms ------------------------------------------------------------------------------------------


@register.filter
def is_tick(bound):
    """Whether the label stands behind a single box."""
    return isinstance(bound.field.widget, CheckboxInput)


register.filter(inputs.first_control)


# --- blocks -----------------------------------------------------------------------------------------


@register.simple_tag
def crumbs(*parts):
    """label, url, label, url, …; a last label without a url is the present page."""
    links = list(zip(parts[0::2], parts[1::2], strict=False))
    here = parts[-1] if len(parts) % 2 else ""
    return _part("crumbs", links=links, here=here)


@register.simple_tag(takes_context=True)
def filter_words(context, words, clear_url=""):
    """The filters in force in words; on a list whose views may be saved, saving this one or forgetting it."""
    saved = context["page"].saved
    current = saved and saved.current
    offered = saved and (saved.form or (words and not current))
    return _part(
        "filters",
        words=words,
        clear_url=clear_url,
        saved=current,
        form=saved.form_for(words) if offered else None,
        csrf_token=context.get("csrf_token"),
    )


@register.simple_block_tag
def table(content, head):
    return _part("table", head=head, content=content)


@register.simple_block_tag
def alert(content, tone="info", heading="", slim=False):
    return _part("alert", content=content, tone=tone, heading=heading, slim=slim)


@register.simple_block_tag
def summary_box(content, heading, level=2):
    return _part("summary_box", content=content, heading=heading, level=level)


@register.simple_block_tag
def card(content, heading="", level=2, tone=""):
    return _part("card", content=content, heading=heading, level=level, tone=tone)


@register.simple_block_tag
def why(content, question="Why?", source=""):
    return _part("why", content=content, question=question, source=source)


@register.simple_block_tag
def bulk_bar(content, form, noun="row"):
    return _part("bulk_bar", content=content, form=form, noun=noun)


@register.simple_tag
def dressed(form):
    """A form of a library in our classes."""
    return widgets.dress(form)
