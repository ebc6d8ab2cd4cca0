"""Metrics, as a real parser of Prometheus's format reads them."""

from __future__ import annotations

import re
import shutil
import subprocess
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from streamq import StreamQ, inspection
from streamq.inspection.exposition import CONTENT_TYPE, Family, exposition
from streamq.inspection.serving import Answer, PageServer
from streamq.operations import Times
from tests.inspection.hand import Hand

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def read(text: str) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(found: dict[str, Metric], family: str, sample: str = "", **labels: str) -> float:
    (one,) = [
        it.value
        for it in found[family].samples
        if it.name == (sample or family) and labels.items() <= it.labels.items()
    ]
    return one


def test_metrics_say_what_is_where_and_what_was_done(app: StreamQ, hand: Hand) -> None:
    app.limit("api", "10/s", queue="default")
    for n in range(3):
        app.send_task("shop.add", (n,))
    done, bad = hand.claim(2)
    hand.succeed(done, 1)
    hand.fail(bad, ValueError("no"))
    text = inspection.metrics(app)
    found = read(text)
    assert value(found, "streamq_jobs", queue="default", state="waiting") == 1
    assert value(found, "streamq_jobs", queue="default", state="dead") == 1
    assert value(found, "streamq_workers", queue="default") == 1
    assert value(found, "streamq_oldest_waiting_seconds", queue="default") >= 0
    task = {"queue": "default", "task": "shop.add"}
    for kind, n in (("enqueued", 3), ("started", 2), ("succeeded", 1), ("dead", 1)):
        name = f"streamq_jobs_{kind}"
        assert value(found, name, f"{name}_total", **task) == n
    ran = "streamq_job_run_seconds"
    assert value(found, ran, f"{ran}_count", **task) == 2
    assert value(found, ran, f"{ran}_bucket", le="2.048", **task) == 2
    assert value(found, ran, f"{ran}_bucket", le="0.512", **task) == 1
    assert value(found, ran, f"{ran}_sum", **task) == pytest.approx(1.207)
    assert value(found, "streamq_info", version=_version(text)) == 1
    if promtool := shutil.which("promtool"):
        subprocess.run([promtool, "check", "metrics"], input=text, text=True, check=True)


def _version(text: str) -> str:
    found = re.search(r'streamq_info\{version="([^"]*)"', text)
    assert found
    return found[1]


def test_each_metric_stands_in_the_reference_with_its_labels(app: StreamQ, hand: Hand) -> None:
    app.limit("api", "10/s", queue="default")
    app.send_task("shop.add", (1,))
    page = PAGE.read_text()
    told = {name: set(labels.split()) for name, labels in _rows(page)}
    for family in text_string_to_metric_families(inspection.metrics(app)):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert told.get(name) == labels, name


def _rows(page: str) -> list[tuple[str, str]]:
    rows = re.findall(r"^\| `(streamq_\w+)` \| \w+ \| ([^|]*) \|", page, re.MULTILINE)
    return [(name, labels.replace("`", "").replace(",", " ")) for name, labels in rows]


HOSTILE = [
    'a"b',
    "a\\",
    "a\nstreamq_up 1",
    "a\r\n# HELP x",
    "\x1b[31m",
    "\u202e",
    "a}",
    "\ud800",
    "",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_in_their_label(name: str) -> None:
    family = Family("streamq_x", "gauge", "What\nit is \\ means.")
    family.add(2.5, task=name)
    found = read(exposition([family]))
    assert list(found) == ["streamq_x"]
    (sample,) = found["streamq_x"].samples
    assert sample.value == 2.5
    assert sample.labels["task"].replace("\\r", "\r") == name.replace("\ud800", "?")


def test_a_histogram_ends_in_infinity_and_never_falls() -> None:
    family = Family("streamq_x", "histogram", "What it is.")
    family.add_times(Times(7000, [1] * 29))
    samples = read(exposition([family]))["streamq_x"].samples
    buckets = [one for one in samples if one.name == "streamq_x_bucket"]
    assert [one.value for one in buckets] == list(range(1, 30))
    assert (buckets[0].labels["le"], buckets[-1].labels["le"]) == ("0.001", "+Inf")


def test_pages_are_served_and_others_are_not_found() -> None:
    with PageServer("127.0.0.1", 0, {"/metrics": lambda: Answer("x 1\n", kind=CONTENT_TYPE)}) as it:
        assert fetch(it.port, "/metrics?a=b") == (200, CONTENT_TYPE, "x 1\n")
        assert fetch(it.port, "/other")[::2] == (404, "there is /metrics\n")


def fetch(port: int, path: str) -> tuple[int, str | None, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    reply = connection.getresponse()
    found = (reply.status, reply.headers["Content-Type"], reply.read().decode())
    connection.close()
    return found
