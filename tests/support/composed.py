"""The whole house in one process and thread on a virtual clock: world, guard, belt process, and a scripted kiosk.

Frames are still encoded; only sockets, processes and waiting are gone. A minute of walking takes a fraction of a
second, and the same script gives the same bytes every time. One quantum is 20 ms, in the order of the lock-step: the
world lets time pass, then guard, belt and kiosk take their turn, and after each the world takes in what was sent.

Expectation of the guard's loop (hardware/guard/loop.py), the one object that this harness builds:

    GuardLoop(rules=..., wiring=..., pins=WorldPins, lease=LeaseBook, now_s=..., boot facts...)
        .accept_belt(endpoint)      a belt process connected (Endpoint[Wish | Complaint, Belt])
        .accept_kiosk(endpoint)     a kiosk connected (Endpoint[GuardToKiosk, KioskToGuard])
        .accept/dial stopper        Mailbox[Sentry, Complaint]
        .step(now_s)                everything of one tick: 4 samples, mailboxes, machine, outputs

that is: no socket, no clock and no sleep inside; accepting real sockets, signals and pacing belong to __main__.
"""
