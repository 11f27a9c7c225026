"""Promises about where the service listens: nobody opens it to others without meaning to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kb.binding import is_loopback, reading_asks_key, refuse_unguarded
from kb.errors import SettingsError
from kb.keys import Keys, Scope
from kb.settings import Settings
from tests.api.administrator import environment

LOOPBACK = ["127.0.0.1", "127.1", "127.8.8.8", "::1", "localhost", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"]
REACHABLE = ["0.0.0.0", "0", "::", "192.0.2.1", "::ffff:0.0.0.0", "2001:db8::1", "fe80::1", "0x0.0.0.0"]  # noqa: S104 - what is refused


@pytest.mark.parametrize("host", LOOPBACK)
def test_on_loopback_everybody_on_the_machine_may_read(tmp_path: Path, host: str) -> None:
    settings = Settings(indexes=tmp_path, host=host)
    assert is_loopback(host)
    refuse_unguarded(settings)
    assert not reading_asks_key(settings)
    assert reading_asks_key(settings.model_copy(update={"reading": "key"}))


@pytest.mark.parametrize("host", REACHABLE)
def test_where_others_reach_it_there_is_a_key_or_it_is_public(tmp_path: Path, host: str) -> None:
    settings = Settings(indexes=tmp_path, host=host)
    with pytest.raises(SettingsError, match="kb key create NAME --scope search"):
        refuse_unguarded(settings)
    assert reading_asks_key(settings)
    public = settings.model_copy(update={"public": "on"})
    refuse_unguarded(public)
    assert not reading_asks_key(public)
    assert reading_asks_key(public.model_copy(update={"reading": "key"}))
    Keys(settings.keys_file).create("a", [Scope.SEARCH])
    refuse_unguarded(settings)
    assert reading_asks_key(settings)


@pytest.mark.parametrize("host", ["nergens.invalid", "a" * 300, "256.1.1.1", "bad host"])
def test_a_name_that_stands_for_nothing_is_told(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match="KB_HOST"):
        refuse_unguarded(Settings(indexes=tmp_path, host=host))


def test_the_command_refuses_and_says_what_to_do(tmp_path: Path) -> None:
    settings = Settings(indexes=tmp_path, host="0.0.0.0")  # noqa: S104 - what is refused
    command = [sys.executable, "-m", "kb", "serve"]
    done = subprocess.run(
        command, env=environment(settings), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "--public" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("proxies", ["*", "nginx", "10.0.0.0/8,x", "10.0.0.0/99"])
def test_proxies_are_addresses_or_networks(proxies: str) -> None:
    with pytest.raises(SettingsError, match="KB_PROXIES"):
        Settings.load({"KB_PROXIES": proxies})
    assert Settings.load({"KB_PROXIES": "10.0.0.0/8, ::1,"}).proxies == "10.0.0.0/8, ::1,"
