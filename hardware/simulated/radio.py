"""One simulated adapter, the service that owns it, and one link through the air, shared by several processes.

It behaves as BlueZ was measured to (bluez.md F1-F20):

* the link is made once and belongs to the service: it outlives a process that is killed (F15); a process that starts
  later finds it up (``already_connected``, F16); while it is up the treadmill does not advertise;
* any process may write; each gets every notification, as many times as there are processes subscribed to it (F17);
* the CCCD is on while at least one process subscribes. When the last one dies the service turns it off;
* a disconnect by one process, or its ordinary exit, drops the link for all, 2 s later (F8, F17);
* requests stand in line, one at a time; one write a characteristic, a second is turned away as in progress (F18);
* writes without response go past the line and into silence without a word (F3);
* a lost link is noticed after the supervision time-out and no sooner (F2); a machine that answers nothing blocks the
  line for 30 s (F4); a hung service keeps everything and delivers it late (F14); a killed one tells nobody (F11).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hardware.link.endpoint import Endpoint
from hardware.link.messages import (
    BeltToWorld,
    GattAdvert,
    GattConnect,
    GattDisconnect,
    GattDropped,
    GattNotified,
    GattRead,
    GattResult,
    GattScan,
    GattSubscribe,
    GattWrite,
    WorldToBelt,
)
from hardware.simulated.machines import Advert, Bluetooth, Habits
from hardware.simulated.peripheral import (
    ATT_IN_PROGRESS,
    ATT_INSUFFICIENT_ENCRYPTION,
    FTMS,
    Answer,
    Drop,
    Output,
    Peripheral,
    Send,
)
from hardware.simulated.tap import Tap

NO_LINK: Final = -1
UNLIKELY_ERROR: Final = 0x0E  # what BlueZ says of a request whose link died (F3)
ATT_TIMEOUT_S: Final = 30.0
LINGER_S: Final = 2.0  # the service keeps the link this long after a disconnect (F8)
KILLED_LINGER_S: Final = 2.05  # the kernel after the service died (F11)
CONNECT_GIVES_UP_S: Final = 8.0
RSSI: Final = -58
TWIN_ADDRESS: Final = "C0:FF:EE:00:00:99"

LinkEndpoint = Endpoint[WorldToBelt, BeltToWorld]
Request = GattRead | GattWrite | GattSubscribe
Action = Callable[[float], None]


@dataclass(eq=False)
class Client:
    """One process at the link."""

    endpoint: LinkEndpoint
    subscribed: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Waiting:
    client: Client
    request: Request


class Radio:
    """See the module. ``receive`` takes what processes want, ``step`` lets time pass; both are told the time."""

    def __init__(self, peripheral: Peripheral, tap: Tap, now_s: float, address: str | None = None) -> None:
        self._treadmill: Final = peripheral
        self._tap: Final = tap
        self.address: Final = address or peripheral.machine.address
        self.clients: list[Client] = []
        self.up = False
        self._now_s = now_s
        self._timers: list[tuple[float, int, Action]] = []
        self._timer_count = 0
        self._line: deque[_Waiting] = deque()
        self._current: _Waiting | None = None
        self._generation = 0  # of the link: answers of an older one are dead
        self._connecting: list[tuple[Client, int]] = []
        self._searching: list[tuple[Client, GattConnect]] = []
        self._failures = 0
        self._lost_at_s: float | None = None  # silence began
        self._service = Bluetooth.UP
        self._held_in: deque[tuple[Client, BeltToWorld]] = deque()
        self._held_out: deque[tuple[Client, WorldToBelt]] = deque()
        self._held_notifications: deque[Send] = deque()
        self._in_the_air: deque[Action] = deque()  # sent into a silence; the link layer tries again

    # ------------------------------------------------------------------------------------------ processes

    def attach(self, endpoint: LinkEndpoint) -> None:
        """A process opened its mailbox."""
        self.clients.append(Client(endpoint))

    def receive(self, now_s: float) -> None:
        """Take what every process has sent; let go of those that are gone (F15: that drops nothing)."""
        self._now_s = max(self._now_s, now_s)
        self._watch_service(now_s)
        for client in tuple(self.clients):
            for frame in client.endpoint.drain(now_s):
                self._from_process(client, frame.body, now_s)
            if client.endpoint.closed:
                self._gone(client, now_s)

    def _gone(self, client: Client, now_s: float) -> None:
        client.endpoint.close()
        self.clients.remove(client)
        self._connecting = [(who, id_) for who, id_ in self._connecting if who is not client]
        for char in tuple(client.subscribed):
            self._unsubscribe(client, char, now_s)

    def _from_process(self, client: Client, body: BeltToWorld, now_s: float) -> None:
        if self._service is Bluetooth.HUNG:
            if isinstance(body, GattWrite):
                self._tap.link(now_s, "a write waits in the hung Bluetooth service")
            self._held_in.append((client, body))
            return
        if isinstance(body, GattScan):
            self._after(self._habits.scan_s, lambda _: self._reply(client, self._scanned(body.id)))
        elif isinstance(body, GattConnect):
            self._connect(client, body, now_s)
        elif isinstance(body, GattDisconnect):
            self._disconnect(client, body, now_s)
        else:
            self._request(client, body, now_s)

    def _reply(self, client: Client, body: WorldToBelt) -> None:
        if self._service is Bluetooth.HUNG:
            self._held_out.append((client, body))
        elif self._service is Bluetooth.UP or isinstance(body, GattResult):  # a dead service's bus refuses at once
            client.endpoint.send(body, self._now_s)

    # ------------------------------------------------------------------------------------------ scan, connect

    @property
    def _habits(self) -> Habits:
        return self._treadmill.habits

    @property
    def _reachable(self) -> bool:
        habits = self._habits
        return not habits.radio_silent and habits.advert not in (Advert.ABSENT, Advert.IN_USE)

    def _scanned(self, id_: int) -> GattResult:
        here = self.up and self._service is Bluetooth.UP
        connected = (self._advert(self.address, RSSI),) if here else ()
        return GattResult(id_, 0, b"", self._adverts(), connected=connected)

    def _adverts(self) -> tuple[GattAdvert, ...]:
        if self._habits.radio_silent or self._service is not Bluetooth.UP:
            return ()
        adverts = []
        if self._reachable and not self.up:
            adverts.append(self._advert(self.address, RSSI))
        if self._habits.twin:
            adverts.append(self._advert(TWIN_ADDRESS, RSSI - 9))
        return tuple(adverts)

    def _advert(self, address: str, rssi: int) -> GattAdvert:
        kind = self._habits.advert
        name = "" if kind is Advert.NO_NAME else self._treadmill.machine.name
        data = {
            Advert.NO_SERVICE_DATA: b"",
            Advert.SHORT: b"\x01",
            Advert.SWAPPED: b"\x01\x00\x01",
        }.get(kind, b"\x01\x01\x00")
        return GattAdvert(address, name, rssi, (FTMS,), data)

    def _connect(self, client: Client, body: GattConnect, now_s: float) -> None:
        if self._service is not Bluetooth.UP:
            self._reply(client, GattResult(body.id, NO_LINK, b""))
        elif self.up and body.address == self.address:
            self._reply(client, self._connected_result(body.id, already=True))
        elif body.address != self.address:
            self._after(CONNECT_GIVES_UP_S, lambda _: self._reply(client, GattResult(body.id, NO_LINK, b"")))
        elif not self._reachable:
            self._searching.append((client, body))
            self._after(CONNECT_GIVES_UP_S, lambda _: self._not_found(client, body))
        else:
            self._connecting.append((client, body.id))
            if len(self._connecting) == 1:
                self._after(self._habits.connect_s, self._establish)

    def _not_found(self, client: Client, body: GattConnect) -> None:
        if (client, body) in self._searching:
            self._searching.remove((client, body))
            self._reply(client, GattResult(body.id, NO_LINK, b""))

    def _watch_for_adverts(self, now_s: float) -> None:
        """Who waits for it to show itself gets it as soon as it does."""
        if self._searching and self._reachable and self._service is Bluetooth.UP:
            found, self._searching = self._searching, []
            for client, body in found:
                if client in self.clients:
                    self._connect(client, body, now_s)

    def _connected_result(self, id_: int, *, already: bool) -> GattResult:
        chars = tuple(info.uuid for info in self._treadmill.characteristics())
        return GattResult(id_, 0, b"", chars=chars, already_connected=already)

    def _establish(self, now_s: float) -> None:
        waiting, self._connecting = self._connecting, []
        if not waiting:
            return
        if not self._reachable or self._failures < self._habits.connects_failing:
            self._failures += 1
            self._tap.link(now_s, "a connection attempt failed")
            for client, id_ in waiting:
                self._reply(client, GattResult(id_, NO_LINK, b""))
            return
        self.up = True
        self._generation += 1
        self._lost_at_s = None
        self._tap.link(now_s, "connected")
        self._send(self._treadmill.connected(now_s), now_s)
        for client, id_ in waiting:
            self._reply(client, self._connected_result(id_, already=False))

    def _disconnect(self, client: Client, body: GattDisconnect, now_s: float) -> None:
        if not self.up:
            self._reply(client, GattResult(body.id, 0, b""))
            return
        generation = self._generation
        self._tap.link(now_s, "a process asked for a disconnect")

        def end(at_s: float) -> None:
            if generation == self._generation:
                self._lose(at_s, "disconnected by this machine")
            self._reply(client, GattResult(body.id, 0, b""))

        self._after(LINGER_S, end)

    def drop(self, reason: str, now_s: float) -> None:
        """The treadmill ends the link (F1)."""
        if self.up:
            self._lose(now_s, reason)

    def _lose(self, now_s: float, reason: str) -> None:
        """The link is gone, and the service knows."""
        self.up = False
        self._generation += 1
        self._lost_at_s = None
        self._tap.link(now_s, f"link lost: {reason}")
        self._tap.monitor.link_lost()
        self._treadmill.disconnected(now_s)
        self._in_the_air.clear()
        for one in self._take_line():
            self._reply(one.client, GattResult(one.request.id, UNLIKELY_ERROR, b""))
        for client in self.clients:
            client.subscribed.clear()
            self._reply(client, GattDropped(reason))

    # ------------------------------------------------------------------------------------------ requests

    def _request(self, client: Client, body: Request, now_s: float) -> None:
        if isinstance(body, GattWrite):
            self._tap.write(body.char, body.value, now_s, "" if body.response else "without response")
        if not self.up or self._service is not Bluetooth.UP:
            self._reply(client, GattResult(body.id, NO_LINK, b""))
            return
        if isinstance(body, GattWrite) and self._write_outstanding(body.char):
            self._reply(client, GattResult(body.id, ATT_IN_PROGRESS, b""))
            return
        if isinstance(body, GattWrite) and not body.response:
            self._over_the_air(lambda at_s: self._send(self._write(body, at_s).outputs, at_s))
            self._reply(client, GattResult(body.id, 0, b""))
            return
        if isinstance(body, GattSubscribe) and self._subscribe_shared(client, body, now_s):
            return
        self._line.append(_Waiting(client, body))
        self._next(now_s)

    def _write_outstanding(self, char: int) -> bool:
        waiting = [*self._line] if self._current is None else [self._current, *self._line]
        return any(isinstance(one.request, GattWrite) and one.request.char == char for one in waiting)

    def _subscribe_shared(self, client: Client, body: GattSubscribe, now_s: float) -> bool:
        """Other processes hold the CCCD already, or still: nothing goes over the air."""
        others = any(body.char in other.subscribed for other in self.clients if other is not client)
        if not body.on:
            self._unsubscribe(client, body.char, now_s)
        elif others or body.char in client.subscribed:
            client.subscribed.add(body.char)
        else:
            return False
        self._reply(client, GattResult(body.id, 0, b""))
        return True

    def _unsubscribe(self, client: Client, char: int, now_s: float) -> None:
        client.subscribed.discard(char)
        if self.up and not any(char in other.subscribed for other in self.clients):
            self._over_the_air(lambda at_s: self._send(self._treadmill.subscribe(char, False, at_s).outputs, at_s))

    def _over_the_air(self, action: Action) -> None:
        generation = self._generation

        def arrive(at_s: float) -> None:
            if generation != self._generation:
                return
            if self._lost_at_s is None:
                action(at_s)
            else:
                self._in_the_air.append(arrive)

        self._after(self._habits.air_s, arrive)

    def _next(self, now_s: float) -> None:
        if self._current is not None or not self._line:
            return
        waiting = self._current = self._line.popleft()
        generation = self._generation

        def expire(at_s: float) -> None:
            if self._current is waiting and generation == self._generation and self.up:
                self._lose(at_s, "the treadmill did not answer for 30 s")

        self._over_the_air(lambda at_s: self._arrive(waiting, at_s))
        self._after(ATT_TIMEOUT_S, expire)

    def _arrive(self, waiting: _Waiting, now_s: float) -> None:
        request = waiting.request
        if isinstance(request, GattRead):
            answer = self._treadmill.read(request.char)
            self._tap.read(request.char, answer.value, now_s)
        elif isinstance(request, GattSubscribe):
            answer = self._treadmill.subscribe(request.char, request.on, now_s)
        else:
            answer = self._write(request, now_s)
        if answer.att_error is not None:
            error = answer.att_error
            self._over_the_air(lambda at_s: self._finish(waiting, error, answer.value, at_s))
        self._send(answer.outputs, now_s)

    def _write(self, request: GattWrite, now_s: float) -> Answer:
        return self._treadmill.write(request.char, request.value, request.response, now_s)

    def _finish(self, waiting: _Waiting, error: int, value: bytes, now_s: float) -> None:
        if self._current is not waiting:
            return
        self._current = None
        request = waiting.request
        if error == ATT_INSUFFICIENT_ENCRYPTION and self._habits.pairs_s is not None:
            self._after(self._habits.pairs_s, self._paired)
        if isinstance(request, GattSubscribe) and request.on and not error and waiting.client in self.clients:
            waiting.client.subscribed.add(request.char)
        self._reply(waiting.client, GattResult(request.id, error, value))
        self._next(now_s)

    def _paired(self, now_s: float) -> None:
        """The service asked for encryption by itself, as BlueZ does, and its agent said yes."""
        if self.up and not self._treadmill.paired:
            self._treadmill.paired = True
            self._tap.link(now_s, "paired")

    # ------------------------------------------------------------------------------------------ towards processes

    def send(self, outputs: tuple[Output, ...], now_s: float) -> None:
        """What the treadmill wants to send when a hand touched it."""
        self._now_s = max(self._now_s, now_s)
        self._send(outputs, now_s)

    def _send(self, outputs: tuple[Output, ...], now_s: float) -> None:
        for output in outputs:
            if isinstance(output, Drop):
                self.drop(output.reason, now_s)
            elif self.up:
                self._notification(output)

    def _notification(self, output: Send) -> None:
        self._over_the_air(lambda at_s: self._notify(output, at_s))

    def _notify(self, output: Send, now_s: float) -> None:
        if self._service is Bluetooth.KILLED:
            return
        if self._service is Bluetooth.HUNG:
            self._held_notifications.append(output)
            return
        self._tap.notify(output.char, output.value, now_s, indication=output.indication)
        listeners = [client for client in self.clients if output.char in client.subscribed]
        for client in listeners:
            for _ in listeners:  # F17: each process hears it once for every subscriber
                self._reply(client, GattNotified(output.char, output.value))

    # ------------------------------------------------------------------------------------------ time

    def _after(self, seconds: float, action: Action) -> None:
        self._timer_count += 1
        heapq.heappush(self._timers, (self._now_s + seconds, self._timer_count, action))

    def step(self, now_s: float) -> None:
        """Let time pass up to *now_s*, in order."""
        self._watch_service(now_s)
        self._watch_silence(now_s)
        self._watch_for_adverts(now_s)
        while self._timers and self._timers[0][0] <= now_s:
            due_s, _, action = heapq.heappop(self._timers)
            self._now_s = max(self._now_s, due_s)
            self._send(self._treadmill.step(self._now_s), self._now_s)
            action(self._now_s)
        self._now_s = max(self._now_s, now_s)
        self._send(self._treadmill.step(now_s), now_s)

    def _watch_silence(self, now_s: float) -> None:
        if not self.up:
            return
        if not self._habits.radio_silent:
            if self._lost_at_s is not None:  # shorter than the time-out: nobody noticed (F6)
                self._lost_at_s = None
                late, self._in_the_air = self._in_the_air, deque()
                for action in late:
                    action(now_s)
        elif self._lost_at_s is None:
            self._lost_at_s = now_s
            generation = self._generation

            def expired(at_s: float) -> None:
                if generation == self._generation and self._lost_at_s == now_s:
                    self._lose(at_s, "supervision time-out")

            self._after(self._habits.supervision_s, expired)

    def _watch_service(self, now_s: float) -> None:
        wanted = self._habits.bluetooth
        if wanted is self._service:
            return
        before, self._service = self._service, wanted
        self._tap.link(now_s, f"the Bluetooth service is {wanted}")
        if wanted is Bluetooth.KILLED:
            self._killed(now_s)
        elif before is Bluetooth.HUNG:
            self._woke_up(now_s)

    def _killed(self, now_s: float) -> None:
        unanswered = [(client, body.id) for client, body in (*self._held_in, *self._searching)]
        self._searching.clear()
        unanswered += [(client, body.id) for client, body in self._held_out if isinstance(body, GattResult)]
        unanswered += [(one.client, one.request.id) for one in self._take_line()]
        self._held_in.clear()
        self._held_out.clear()
        self._held_notifications.clear()
        for client, id_ in unanswered:  # F13: the bus says that nobody will answer
            self._reply(client, GattResult(id_, UNLIKELY_ERROR, b""))
        generation = self._generation

        def kernel_lets_go(at_s: float) -> None:
            if generation == self._generation and self.up:
                self._lose(at_s, "the Bluetooth service died")

        self._after(KILLED_LINGER_S, kernel_lets_go)

    def _woke_up(self, now_s: float) -> None:
        """F14: what was asked for is still done, and what was heard is still told, however late."""
        late_out, self._held_out = self._held_out, deque()
        for client, message in late_out:
            if client in self.clients:
                self._reply(client, message)
        heard, self._held_notifications = self._held_notifications, deque()
        for output in heard:
            self._notify(output, now_s)
        late_in, self._held_in = self._held_in, deque()
        for client, request in late_in:
            self._from_process(client, request, now_s)

    def _take_line(self) -> list[_Waiting]:
        waiting = [*self._line] if self._current is None else [self._current, *self._line]
        self._current = None
        self._line.clear()
        return waiting
