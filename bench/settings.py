"""The portal's own settings and one more page, the floor of all others."""

from safety_portal.settings import *  # noqa: F403 - everything is to be as it is there

ROOT_URLCONF = "bench.urls"
