from hardware.belt.orders import FUTURE_S, Orders
from hardware.constants import WISH_MISSING_S
from hardware.link.messages import VERSION, Frame, Wish, WishMode


def frame(t_s, epoch, mode, speed=100):
    return Frame(VERSION, 1, t_s, Wish(epoch, mode, speed, 0))


def heard(*frames, now_s=10.0):
    orders = Orders()
    orders.hear(frames, now_s)
    return orders


def test_without_any_wish_the_order_is_stop():
    assert Orders().mode(10.0, connected=True) is WishMode.STOP


def test_only_the_newest_wish_counts():
    orders = heard(frame(9.96, 1, WishMode.RUN, 300), frame(9.98, 1, WishMode.RUN, 100))
    assert orders.wish.speed_ckmh == 100
    assert orders.mode(10.0, connected=True) is WishMode.RUN


def test_no_wish_for_300_ms_means_stop():
    orders = heard(frame(10.0, 1, WishMode.RUN))
    assert orders.mode(9.999 + WISH_MISSING_S, connected=True) is WishMode.RUN
    assert orders.mode(10.001 + WISH_MISSING_S, connected=True) is WishMode.STOP


def test_end_of_file_means_stop_at_once():
    orders = heard(frame(10.0, 1, WishMode.RUN))
    assert orders.mode(10.0, connected=False) is WishMode.STOP


def test_an_epoch_that_lapsed_once_stays_stopped_though_the_guard_goes_on():
    orders = heard(frame(10.0, 1, WishMode.RUN))
    assert orders.mode(10.5, connected=True) is WishMode.STOP
    orders.hear([frame(10.52, 1, WishMode.RUN)], 10.52)
    assert orders.mode(10.52, connected=True) is WishMode.STOP
    orders.hear([frame(10.54, 2, WishMode.RUN)], 10.54)
    assert orders.mode(10.54, connected=True) is WishMode.RUN


def test_a_stop_kills_the_targets_of_its_own_and_older_epochs():
    orders = heard(frame(9.9, 5, WishMode.STOP))
    for epoch, expected in ((4, WishMode.STOP), (5, WishMode.STOP), (6, WishMode.RUN)):
        orders.hear([frame(10.0, epoch, WishMode.RUN)], 10.0)
        assert orders.mode(10.0, connected=True) is expected


def test_a_stop_between_two_looks_is_not_lost():
    orders = heard(frame(9.96, 2, WishMode.STOP), frame(9.98, 2, WishMode.RUN))
    assert orders.mode(10.0, connected=True) is WishMode.STOP


def test_wishes_that_lay_in_the_queue_of_a_frozen_process_are_no_orders():
    orders = heard(frame(5.0, 1, WishMode.RUN), frame(9.0, 1, WishMode.RUN))
    assert orders.wish is None
    assert orders.late == 2
    assert orders.mode(10.0, connected=True) is WishMode.STOP


def test_a_wish_from_the_future_is_no_order():
    assert heard(frame(11.0, 1, WishMode.RUN)).wish is None


def test_a_new_guard_counts_its_epochs_anew():
    orders = heard(frame(9.9, 1000, WishMode.STOP))
    orders.new_guard()
    assert orders.mode(10.0, connected=True) is WishMode.STOP
    orders.hear([frame(10.0, 1, WishMode.RUN)], 10.0)
    assert orders.mode(10.0, connected=True) is WishMode.RUN


def test_hold_is_passed_on():
    assert heard(frame(10.0, 3, WishMode.HOLD)).mode(10.0, connected=True) is WishMode.HOLD


def test_our_own_reason_to_stop_ends_the_epoch():
    orders = heard(frame(10.0, 3, WishMode.RUN))
    orders.kill()
    assert orders.mode(10.0, connected=True) is WishMode.STOP


def test_a_hold_that_has_lapsed_is_a_stop():
    orders = heard(frame(10.0, 3, WishMode.HOLD))
    assert orders.mode(10.5, connected=True) is WishMode.STOP


def test_an_older_stop_that_comes_late_revives_nothing():
    orders = heard(frame(9.96, 5, WishMode.STOP), frame(9.98, 3, WishMode.STOP), frame(10.0, 4, WishMode.RUN))
    assert orders.mode(10.0, connected=True) is WishMode.STOP


def test_a_wish_to_run_without_control_is_a_stop_and_a_hold_without_it_stays_one():
    def mode(wanted):
        denied = Frame(VERSION, 1, 10.0, Wish(1, wanted, 100, 0, control=False))
        return heard(denied).mode(10.0, connected=True)

    assert mode(WishMode.RUN) is WishMode.STOP
    assert mode(WishMode.HOLD) is WishMode.HOLD


def test_the_limits_of_a_wish_s_age_themselves_count():
    assert heard(frame(0.0, 1, WishMode.RUN), now_s=WISH_MISSING_S).fresh(WISH_MISSING_S, connected=True)
    assert heard(frame(FUTURE_S, 1, WishMode.RUN), now_s=0.0).late == 0
