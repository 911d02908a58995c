"""Photos as the browser gets them: to whom their door says yes, and never the file that was sent."""

import logging

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from safety_portal import photos
from safety_portal.access import everyone
from safety_portal.photos import HeldPhoto, Photo

logger = logging.getLogger(__name__)

HEADERS = {
    # Should a browser ever take it for a page, that page may do nothing.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store, private",
}


def jpeg_answer(read, name):
    """What `read` gives, as a picture of that name; 404 when its file is lost."""
    try:
        content = read()
    except FileNotFoundError as error:
        logger.error("%s has lost its file", name)
        raise Http404 from error
    headers = {**HEADERS, "Content-Disposition": f'inline; filename="{name}.jpg"'}
    return HttpResponse(content, content_type="image/jpeg", headers=headers)


def photo_or_404(person, token):
    found = get_object_or_404(Photo, token=token)
    if not photos.may_see(person, found):
        raise Http404
    return found


@everyone
@require_safe
def photo(request, token):
    """A photo, for whom its purpose lets see the thing it belongs to."""
    found = photo_or_404(request.person, token)
    return jpeg_answer(found.jpeg, found.reference)


@everyone
@require_safe
def small_photo(request, token):
    """The same as a thumbnail."""
    found = photo_or_404(request.person, token)
    return jpeg_answer(found.small, f"{found.reference}-small")


@everyone
@require_safe
def held_photo(request, token):
    """A thumbnail of what one has chosen in a form that is not taken yet; one's own only."""
    mine = HeldPhoto.objects.held_for(request.person, timezone.now())
    return jpeg_answer(get_object_or_404(mine, token=token).small, "held")


photo_urls = [
    path("photos/<str:token>/", photo, name="photo"),
    path("photos/<str:token>/small/", small_photo, name="small_photo"),
    path("held-photos/<str:token>/", held_photo, name="held_photo"),
]
