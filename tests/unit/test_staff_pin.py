import pytest

from kiosk.staff import audit, pin
from kiosk.staff.pin import PinDesk, Right, SignInResult, easy_pin, hash_pin, lock_s, may, valid_pin
from kiosk.store.kinds import Role
from kiosk.store.records import StoreError
from tests.support.record import Disk, moment, opened, rows, walk

OLGA, SAM = "394817", "700313"


@pytest.fixture
def store(tmp_path):
    with opened(tmp_path) as store:
        yield store


def add(store, name, digits, role=Role.STAFF, by=None):
    return store.writer.run(
        lambda c: pin.add_account(c, store.ids, moment(), name=name, role=role, pin=digits, by=by)
    ).result()


@pytest.fixture
def olga(store):
    return add(store, "Olga", OLGA, Role.OWNER)


def desk(store):
    return PinDesk(store, threaded=False)


def sign_in(store, digits, at=None, at_desk=None):
    return (at_desk or desk(store)).sign_in(digits, at or moment()).result()


@pytest.mark.parametrize("digits", ["12345", "1234567", "12345x", "", "१२३४५६", "12 456"])
def test_a_pin_is_six_plain_digits(digits):
    assert not valid_pin(digits)
    with pytest.raises(StoreError, match="6 digits"):
        hash_pin(digits)


@pytest.mark.parametrize("digits", ["000000", "123456", "987654", "901234", "121212", "123123", "111222"])
def test_pins_that_are_tried_first_are_refused(digits):
    assert easy_pin(digits)
    with pytest.raises(StoreError, match="cannot be used"):
        hash_pin(digits)


def test_the_hash_is_argon2id_and_salted():
    one, other = hash_pin(OLGA), hash_pin(OLGA)
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other
    assert OLGA not in one


def test_the_first_account_is_an_owners_and_needs_nobody(store):
    assert store.reader.ask(pin.first_account_needed).result()
    with pytest.raises(StoreError, match="owner"):
        add(store, "Sam", SAM, Role.STAFF)
    olga = add(store, "Olga", OLGA, Role.OWNER)
    assert not store.reader.ask(pin.first_account_needed).result()
    assert may(olga, Right.ACCOUNTS)


def test_after_the_first_only_an_owner_adds_accounts(store, olga):
    with pytest.raises(StoreError, match="owner must sign in"):
        add(store, "Sam", SAM)
    sam = add(store, "Sam", SAM, by=olga)
    with pytest.raises(StoreError, match="may not add"):
        add(store, "Pia", "582046", by=sam)


def test_a_pin_that_somebody_has_gets_the_same_answer_as_an_easy_one(store, olga):
    with pytest.raises(StoreError) as taken:
        add(store, "Sam", OLGA, by=olga)
    with pytest.raises(StoreError) as easy:
        add(store, "Sam", "111111", by=olga)
    assert str(taken.value) == str(easy.value)


def test_the_right_pin_signs_in_its_owner_and_is_audited(store, olga):
    sam = add(store, "Sam", SAM, by=olga)
    assert sign_in(store, SAM).staff == sam
    assert sign_in(store, OLGA).staff == olga
    entry = store.reader.ask(audit.last).result()[0]
    assert (entry.who, entry.action) == ("Olga", "signed in")


def test_a_retired_account_signs_in_no_more_and_the_last_owner_cannot_retire(store, olga):
    sam = add(store, "Sam", SAM, by=olga)
    store.writer.run(lambda c: pin.retire(c, store.ids, moment(), staff=sam, by=olga)).result()
    assert sign_in(store, SAM).result is SignInResult.WRONG
    with pytest.raises(StoreError, match="last owner"):
        store.writer.run(lambda c: pin.retire(c, store.ids, moment(), staff=olga, by=olga)).result()


def test_a_changed_pin_replaces_the_old_one(store, olga):
    store.writer.run(lambda c: pin.change_pin(c, store.ids, moment(), staff=olga, pin=SAM, by=olga)).result()
    assert sign_in(store, OLGA).staff is None
    assert sign_in(store, SAM).staff == olga


def test_five_wrong_pins_lock_the_keypad_for_a_minute_also_for_the_right_one(store, olga):
    at_desk = desk(store)
    told = [sign_in(store, "555123", at_desk=at_desk) for _ in range(5)]
    assert [t.left for t in told] == [4, 3, 2, 1, 0]
    assert told[-1].wait_s == 60.0
    locked = sign_in(store, OLGA, moment(30), at_desk)
    assert (locked.result, locked.staff, locked.wait_s) == (SignInResult.LOCKED, None, 30.0)
    assert sign_in(store, OLGA, moment(61), at_desk).staff == olga
    assert sign_in(store, "555123", moment(62), at_desk).left == 4


def test_the_lock_grows_with_every_further_wrong_pin_to_an_hour_at_most():
    assert lock_s(1_000_000) == 3600
    assert [lock_s(n) for n in range(13)] == [0, 0, 0, 0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_lock_outlives_a_restart_and_a_clock_set_back(tmp_path):
    with opened(tmp_path) as store:
        add(store, "Olga", OLGA, Role.OWNER)
        for _ in range(5):
            sign_in(store, "555123")
    with opened(tmp_path, moment(1)) as store:
        assert sign_in(store, OLGA, moment(1)).wait_s == 59.0
        assert sign_in(store, OLGA, moment(-86_400)).wait_s == 60.0


@pytest.mark.parametrize("disk", ["works", "refuses"])
def test_a_lock_ends_by_itself_however_far_the_clock_was_set_back(store, olga, monkeypatch, disk):
    at_desk = desk(store)
    assert sign_in(store, OLGA, at_desk=at_desk).staff == olga
    if disk == "refuses":
        monkeypatch.setattr(at_desk, "_disk", lambda work: None)
    for _ in range(5):
        sign_in(store, "555123", at_desk=at_desk)
    day = -86_400.0
    assert sign_in(store, OLGA, moment(day), at_desk).wait_s == 60.0
    assert sign_in(store, OLGA, moment(day + 20), at_desk).wait_s == 40.0
    assert sign_in(store, OLGA, moment(day + 61), at_desk).staff == olga


def test_a_try_is_on_disk_before_it_is_checked(store, olga, monkeypatch):
    seen = []

    def cut(*_):
        seen.append(rows(store, "SELECT wrong FROM pin_lock"))
        raise KeyboardInterrupt

    monkeypatch.setattr(pin, "match", cut)
    with pytest.raises(KeyboardInterrupt):
        sign_in(store, "555123")
    assert seen == [[(1,)]]


def test_every_account_is_tried_also_after_a_match(store, olga, monkeypatch):
    add(store, "Sam", SAM, by=olga)
    tried = []
    hasher = pin._hasher()

    class Counting:
        def verify(self, pin_hash, digits):
            tried.append(pin_hash)
            return hasher.verify(pin_hash, digits)

    monkeypatch.setattr(pin, "_hasher", Counting)
    for digits in (OLGA, SAM, "555123"):
        tried.clear()
        sign_in(store, digits)
        assert len(tried) == 2


def test_a_full_disk_neither_opens_the_keypad_nor_locks_staff_out(store, olga):
    at_desk = desk(store)
    disk = Disk(store)
    disk.fill()
    walk(store, 1)
    assert sign_in(store, OLGA, at_desk=at_desk).staff == olga
    for _ in range(5):
        sign_in(store, "555123", at_desk=at_desk)
    assert sign_in(store, OLGA, at_desk=at_desk).result is SignInResult.LOCKED
    disk.mend()


def test_what_is_no_pin_counts_as_a_wrong_one(store, olga):
    assert sign_in(store, "abc").left == 4


def test_rights_follow_the_role():
    from kiosk.store.records import Staff

    def of(role, active=True):
        return Staff("x", "x", role, active, 0)

    assert may(of(Role.STAFF), Right.CAPS)
    assert not may(of(Role.STAFF), Right.ACCOUNTS)
    assert not may(of(Role.STAFF), Right.CLINICIAN)
    assert may(of(Role.PHYSIO), Right.CLINICIAN)
    assert not may(of(Role.OWNER, active=False), Right.CAPS)


def test_the_shell_can_end_a_lock(store, olga):
    at_desk = desk(store)
    for _ in range(5):
        sign_in(store, "555123", at_desk=at_desk)
    assert store.writer.run(pin.unlock).result() == 5
    assert sign_in(store, OLGA, at_desk=at_desk).staff == olga
