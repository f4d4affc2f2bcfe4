"""A unit test is values in, values out: starting a process, opening a connection or waiting is an error in it."""

from __future__ import annotations

import os
import socket
import subprocess
import time

import pytest


@pytest.fixture(autouse=True)
def no_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a pure stage has no business with."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("a unit test reached for the world: it belongs into tests/edge or tests/app")

    for place, name in (
        (subprocess, "Popen"),
        (os, "posix_spawn"),
        (os, "fork"),
        (socket, "create_connection"),
        (time, "sleep"),
    ):
        monkeypatch.setattr(place, name, refuse)
