"""The same worker on every kind of server, and with every kind of load."""

from __future__ import annotations

from collections.abc import Callable

from streamq.job import JobState
from streamq.operations import Ack, Burial
from streamq.worker.held import Ended
from streamq.worker.options import Bounds
from streamq.worker.settler import MOST_BYTES, Settler
from tests.servers import Server
from tests.waiting import wait_until
from tests.worker.bench import held_job
from tests.worker.rig import Rig

MakeRig = Callable[..., Rig]


def test_a_jobs_life_on_each_server(any_server: Server, make_rig: MakeRig) -> None:
    rig = make_rig(any_server)
    rig.work(queues=["default", "other"])
    jobs = [rig.send("add", 1, 2), rig.send("aadd", 1, 2, queue="other")]
    jobs.append(rig.send("add", 1, 2, countdown=0.2))
    assert [job.get(timeout=10) for job in jobs] == [3, 3, 3]
    assert rig.send("flaky", 2).get(timeout=10) == 3
    dead = rig.send("boom", "x")
    wait_until(lambda: dead.state is JobState.DEAD, "the job to be dead")


def test_thousands_of_jobs_of_both_kinds_each_run_once(rig: Rig) -> None:
    here = rig.work(threads=4, async_concurrency=50)
    add, aadd = rig.app.tasks["add"], rig.app.tasks["aadd"]
    jobs = add.delay_many([(n, 0) for n in range(1000)])
    more = aadd.delay_many([(n, 0) for n in range(1000)])
    rig.wait_for_count("succeeded", 2000, timeout=30)
    assert [job.get(timeout=1) for job in jobs[::100]] == list(range(0, 1000, 100))
    assert [job.get(timeout=1) for job in more[::100]] == list(range(0, 1000, 100))
    here.stop()
    runs = rig.journal_file.read_text().splitlines()
    assert len(runs) == len({line.split()[1] for line in runs}) == 1000


def test_async_jobs_go_on_while_all_threads_are_busy(rig: Rig) -> None:
    rig.work(threads=2, async_concurrency=10)
    slow = [rig.send("sleep", 1.5) for _ in range(6)]
    rig.began(slow[0])
    assert [rig.send("aadd", n, n).get(timeout=5) for n in range(3)] == [0, 2, 4]
    assert not any(rig.runs(job, "end") for job in slow)
    assert [job.get(timeout=10) for job in slow] == ["slept"] * 6
    assert [len(rig.runs(job)) for job in slow] == [1] * 6


def test_a_call_carries_no_more_than_a_server_should_have_to_take_at_once(rig: Rig) -> None:
    settler = Settler(rig.app.keys("default"), "w", Bounds())
    half = bytes(MOST_BYTES // 2)
    for number in range(5):
        ack = Ack(f"id{number}", "t", "add", "ok", 1, 1000, half)
        settler.add(Ended(held_job(), ack))
    sizes = []
    while (batch := settler.batch()) is not None:
        sizes.append(len(batch.ended))
        settler.answered(["OK"] * len(batch.ended))
    assert sizes == [2, 2, 1]


def test_no_kind_of_outcome_is_kept_waiting_by_another(rig: Rig) -> None:
    settler = Settler(rig.app.keys("default"), "w", Bounds())
    for number in range(300):
        settler.add(Ended(held_job(), Ack(f"a{number}", "t", "add", "none", 1, 0)))
    settler.add(Ended(held_job(), Burial("b", "t", "add", "failed", 1, b"")))
    names = []
    for _ in range(3):
        batch = settler.batch()
        assert batch is not None
        names.append(batch.call.script.name)
        settler.answered(["OK"] * len(batch.ended))
    assert names == ["ack", "bury", "ack"]


def test_the_settings_bounds_are_what_scripts_apply(server: Server, make_rig: MakeRig) -> None:
    rig = make_rig(server, results_limit=3, dead_limit=2)
    rig.work()
    for n in range(6):
        rig.send("add", n, n)
        rig.send("boom", "x")
    rig.wait_for_count("succeeded", 6)
    rig.wait_for_count("died", 6)
    counts = rig.counts()
    assert (counts["results"], counts["dead"], counts["evicted"]) == (3, 2, 4)


def test_a_record_damaged_by_hand_ends_no_worker(rig: Rig) -> None:
    job = rig.send("add", 1, 1)
    key = rig.app.keys("default").key("jobs")
    whole = rig.server.admin.hget(key, job.id)
    assert isinstance(whole, bytes)
    rig.server.admin.hset(key, job.id, b".not a record")
    rig.work()
    wait_until(lambda: rig.counts()["stranded"] == 1, "it to be set aside")
    assert rig.send("add", 1, 2).get(timeout=10) == 3
    rig.server.admin.hset(key, job.id, whole.replace(b" add ", b" damaged "))  # for the audit
