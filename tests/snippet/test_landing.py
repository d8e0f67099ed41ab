"""The landing page's own server: what it serves, counts and forgets."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request

import pytest

from demo.landing import Landing


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


def test_the_page_carries_one_tag_with_the_service_s_address() -> None:
    with Landing(api="http://service.example:8000/") as page:
        text = read(page.url)
    tag = 'src="http://service.example:8000/snippet/andamento.js" data-form="#cotacao"'
    assert text.count("andamento") == text.count(tag) == 1


def test_leads_are_counted_and_nothing_else() -> None:
    with Landing(api="http://service.example") as page:
        urllib.request.urlopen(f"{page.url}/lead", data=b"NOME=Helena", timeout=5).close()
        assert page.leads == 1
        assert json.loads(read(f"{page.url}/lead")) == {"leads": 1}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_when_it_is_ready_and_ends_cleanly(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "demo.landing", "--api", "http://service.example"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        word, address = child.stdout.readline().split()
        assert word == "ready" and "Seguro Exemplo" in read(address)
        child.send_signal(number)
        assert child.wait(5) == 0
