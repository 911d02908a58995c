"""The portal's own settings and one more page, the floor of all others."""

from safety_portal.settings import *

ROOT_URLCONF = "bench.urls"
