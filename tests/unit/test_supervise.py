import os
import signal
import sys
import threading
import time

from kiosk.supervise import Child, Supervisor


def python(code):
    return [sys.executable, "-c", code]


def test_a_child_that_refuses_its_arguments_ends_the_house_with_its_code():
    house = Supervisor([Child("guard", python("raise SystemExit(2)"))])
    house.start()
    assert house.run() == 2
    house.stop()


def test_a_killed_child_is_started_again():
    sleeper = Child("belt", python("import time; time.sleep(60)"))
    # The second child ends the run once the first has been replaced.
    house = Supervisor(
        [sleeper, Child("kiosk", python("import sys; sys.stdin.read(); import time; time.sleep(3)"), restart=False)]
    )
    house.start()
    first = sleeper.pid
    os.kill(first, signal.SIGKILL)
    assert house.run() == 0
    assert sleeper.restarts == 1
    assert sleeper.pid not in (None, first)
    house.stop()
    assert sleeper.pid is None


def test_a_child_that_ends_in_good_order_is_started_anew_at_once_and_keeps_its_record(tmp_path, capfd):
    mark = tmp_path / "mark"
    code = (
        "import pathlib, time\n"
        f"mark = pathlib.Path({str(mark)!r})\n"
        "again = mark.exists(); mark.touch(); time.sleep(60 if again else 1.2)"
    )
    guard = Child("guard", python(code))
    house = Supervisor([guard, Child("kiosk", python("import time; time.sleep(2.5)"), restart=False)])
    house.start()
    assert house.run() == 0
    assert (guard.restarts, guard.deaths) == (1, 0)
    house.stop()
    assert "guard starts anew" in capfd.readouterr().err


def test_lines_of_a_child_reach_the_parent_whole():
    lines = []
    talker = Child("kiosk", python("print('one'); print('two', flush=True)"), restart=False, read_stdout=True)
    house = Supervisor([talker], on_line=lambda name, line: lines.append((name, line)))
    house.start()
    assert house.run() == 0
    house.stop()
    assert lines == [("kiosk", "one"), ("kiosk", "two")]


def test_a_signal_ends_the_run_and_every_child():
    children = [Child(name, python("import time; time.sleep(60)")) for name in ("guard", "belt", "kiosk")]
    house = Supervisor(children)
    house.start()
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
    started = time.monotonic()
    assert house.run() == 0
    house.stop()
    assert [child.pid for child in children] == [None, None, None]
    assert time.monotonic() - started < 20


def test_the_guard_is_ended_before_the_others(tmp_path):
    log = tmp_path / "log"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        f"    open({str(log)!r}, 'a').write(sys.argv[1] + chr(10)); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"open({str(log)!r} + sys.argv[1], 'w').close()\n"
        "time.sleep(60)"
    )
    names = ("simulated", "kiosk", "guard", "belt")
    house = Supervisor([Child(name, [*python(code), name]) for name in names])
    house.start()
    while not all((tmp_path / f"log{name}").exists() for name in names):
        time.sleep(0.01)
    house.stop()
    assert log.read_text().split() == ["guard", "kiosk", "belt", "simulated"]
