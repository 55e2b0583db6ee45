"""The parts of the embedded stack: engines, order of stopping, left-overs, odd places."""

import io
import os
import signal
import sys
import time
from pathlib import Path

import psycopg2
import pytest
import redis

from portal import addresses
from portal.embedded import engines
from portal.embedded.console import Console
from portal.embedded.errors import EngineError
from portal.embedded.postgres import Postgres
from portal.embedded.processes import Child, describe_exit
from portal.embedded.singleton import AlreadyRunningError, Singleton
from portal.embedded.stack import ensure_port_free
from portal.embedded.supervisor import ChildDiedError, Supervisor

SLEEP = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(60)"]
FAIL = [sys.executable, "-c", "import sys; print('no space left'); sys.exit(3)"]


@pytest.fixture
def stack_parts(tmp_path: Path):
    stream = io.StringIO()
    singleton = Singleton(tmp_path)
    singleton.acquire(address="http://127.0.0.1:1/")
    supervisor = Supervisor(Console(stream), singleton)
    yield supervisor, stream, singleton
    supervisor.stop_all()
    singleton.release()


def test_engines_in_a_deep_and_private_folder(tmp_path: Path):
    folder = tmp_path / ("deep" * 30)
    folder.mkdir(parents=True)
    tmp_path.chmod(0o700)
    with engines(folder, durable=False, keep=False) as pair:
        connection = psycopg2.connect(pair.database_url)
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_encoding")
            assert cursor.fetchone() == ("UTF8",)
            cursor.execute("SELECT lower('ÄÖ')")
            assert cursor.fetchone() == ("äö",)
        connection.close()
        with redis.Redis.from_url(pair.redis_url) as client:
            assert client.ping() is True
    assert not folder.exists()
    assert not addresses.socket_directory(folder).exists()


def test_the_embedded_postgres_can_be_another_one(tmp_path: Path):
    with pytest.raises(EngineError, match=f"There is no PostgreSQL in {tmp_path}"):
        Postgres(tmp_path, bin_dir=str(tmp_path)).prepare()


def test_data_of_another_version_are_not_touched(tmp_path: Path):
    postgres = Postgres(tmp_path)
    postgres.data.mkdir(parents=True)
    (postgres.data / "PG_VERSION").write_text("9\n", encoding="ascii")
    with pytest.raises(EngineError, match="were written by PostgreSQL 9, the programs in"):
        postgres.prepare()


def test_a_dead_child_is_named_with_its_reason_and_last_words(stack_parts):
    supervisor, stream, _ = stack_parts
    supervisor.start("postgres", SLEEP, os.environ)
    supervisor.start("web", SLEEP, os.environ)
    supervisor.start("worker", FAIL, os.environ)
    with pytest.raises(ChildDiedError) as caught:
        supervisor.watch()
    assert str(caught.value) == "worker stopped unexpectedly: exit code 3"
    supervisor.report(caught.value)
    supervisor.stop_all()
    said = [line[9:] for line in stream.getvalue().splitlines() if " portal " in line]
    assert said == [
        "portal   | worker stopped unexpectedly: exit code 3. Its last lines:",
        "portal   |     no space left",
        "portal   | stopped web (killed by signal 15 (SIGTERM))",
        "portal   | stopped postgres (killed by signal 15 (SIGTERM))",
    ]


def test_a_killed_child_is_told_from_one_that_failed():
    assert describe_exit(-9) == "killed by signal 9 (SIGKILL)"
    assert describe_exit(1) == "exit code 1"


def test_a_child_that_does_not_listen_is_killed():
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    child = Child(
        "stubborn",
        [sys.executable, "-c", f"{stubborn}; time.sleep(60)"],
        stop_plan=((signal.SIGTERM, 0.3),),
    )
    while not child.lines:
        time.sleep(0.02)
    assert child.stop() == -signal.SIGKILL


def test_a_second_stack_in_the_same_folder_is_refused(stack_parts, tmp_path: Path):
    with pytest.raises(AlreadyRunningError) as caught:
        Singleton(tmp_path).acquire(address="http://127.0.0.1:2/")
    assert str(caught.value) == (
        f"The portal is already running here: process {os.getpid()}, http://127.0.0.1:1/."
    )


def test_children_of_a_killed_stack_are_stopped_by_the_next_one(tmp_path: Path):
    killed = Singleton(tmp_path)
    killed.acquire(address="http://127.0.0.1:1/")
    child = Child("postgres", SLEEP)
    killed.remember(child)
    assert killed._file is not None
    killed._file.close()  # what the kernel does when the process is killed
    following = Singleton(tmp_path)
    following.acquire(address="http://127.0.0.1:1/")
    assert following.stop_leftovers() == ["postgres"]
    assert child.poll() is not None
    assert following.stop_leftovers() == []
    following.release()


def test_a_reused_process_number_is_left_alone(tmp_path: Path):
    singleton = Singleton(tmp_path)
    child = Child("web", SLEEP)
    singleton.remember(child)
    text = singleton.children_path.read_text(encoding="utf-8")
    created = singleton._children[0]["created"]
    singleton.children_path.write_text(text.replace(str(created), "1.0"), encoding="utf-8")
    assert singleton.stop_leftovers() == []
    assert child.poll() is None
    child.stop()


def test_a_port_in_use_is_named(live_server):
    port = live_server.thread.port
    with pytest.raises(EngineError) as caught:
        ensure_port_free("localhost", port)
    assert str(caught.value) == (
        f"Cannot listen on localhost:{port} (Address already in use). "
        "Choose another port: PORT=8001 make run"
    )


def test_the_box_is_as_wide_as_chinese_characters_need():
    stream = io.StringIO()
    Console(stream).box(["工会", "abcdef"])
    assert stream.getvalue() == ("\n╭────────╮\n│ 工会   │\n│ abcdef │\n╰────────╯\n\n")
