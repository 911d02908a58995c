"""Joins naloxone to Django's start."""

from django.apps import AppConfig


class NaloxoneConfig(AppConfig):
    name = "naloxone"
