"""The air between a virtual hci0 and a treadmill: Bumble's link and controllers, with what Linux misses in them.

Bumble 0.0.236 as it is makes BlueZ fail or hides what a real radio does. Filled here, by subclassing only:

* it claims LL privacy and extended advertising; Linux then waits for the *Enhanced* Connection Complete event, which
  Bumble never sends: a connection attempt stays pending, a disconnect goes out as its cancellation;
* data is sent from the sender's random address; BlueZ connects with its public one;
* Create Connection Cancel does nothing, and every later attempt is refused;
* HCI Reset keeps links that a reset controller has lost;
* there is no connection interval, no supervision time-out, no silence: here packets wait for the next connection
  event, a silent radio keeps them (the link layer tries again), and the time-out ends the link on both sides.

Not simulated: packet loss, interference, RSSI, bugs of real controllers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from bumble import hci, ll
from bumble.controller import Connection, Controller
from bumble.core import PhysicalTransport
from bumble.link import LocalLink

HOST_ADDRESS: Final = "B8:27:EB:00:00:01/P"
DEFAULT_SUPERVISION_S: Final = 0.42  # what Linux asks for (bluez.md F2)
DEFAULT_INTERVAL_S: Final = 0.030

Event = Callable[[str], None]


class Air(LocalLink):
    """One link through the air at most: connection events, silence, supervision time-out."""

    def __init__(self, on_event: Event) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Bumble leaves it without a return type
        self.on_event: Final = on_event
        self.silent = False
        self.interval_s = DEFAULT_INTERVAL_S
        self.supervision_s = DEFAULT_SUPERVISION_S
        self._waiting: deque[Callable[[], None]] = deque()
        self._event_timer: asyncio.TimerHandle | None = None
        self._loss_timer: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------------------------------------ packets

    def _at_next_event(self, deliver: Callable[[], None]) -> None:
        self._waiting.append(deliver)
        if self._event_timer is None and not self.silent:
            loop = asyncio.get_running_loop()
            event = (int(loop.time() / self.interval_s) + 1) * self.interval_s
            self._event_timer = loop.call_at(event, self._connection_event)

    def _connection_event(self) -> None:
        self._event_timer = None
        if self.silent:
            return
        waiting, self._waiting = self._waiting, deque()
        for deliver in waiting:
            deliver()

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        """As Bumble's, but from the address the connection was made with."""
        if transport != PhysicalTransport.LE:
            super().send_acl_data(sender_controller, destination_address, transport, data)
            return
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address)
        if connection is None or receiver is None:
            return
        source = connection.self_address

        def deliver() -> None:
            if source in receiver.le_connections:
                receiver.on_link_acl_data(source, transport, data)

        self._at_next_event(deliver)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """As Bumble's, but a receiver that is gone is no error."""
        receiver = self.find_le_controller(receiver_address)
        if receiver is None:
            return

        def deliver() -> None:
            if sender_address in receiver.le_connections:
                receiver.on_ll_control_pdu(sender_address, packet)

        self._at_next_event(deliver)

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Nothing is heard of a silent radio."""
        if not self.silent:
            super().send_advertising_pdu(sender_controller, packet)

    # ------------------------------------------------------------------------------------------ silence, loss

    def links(self) -> list[tuple[Controller, Connection]]:
        """Both sides of every link."""
        return [(side, link) for side in self.controllers for link in side.le_connections.values()]

    def set_silent(self, on: bool) -> None:
        """Turn the radio silent, as a treadmill without power or out of range is."""
        if on == self.silent:
            return
        self.silent = on
        self.on_event("the radio is silent" if on else "the radio is back")
        if on:
            self._expect_loss(self.links())
        else:
            if self._loss_timer is not None:
                self._loss_timer.cancel()
                self._loss_timer = None
            if self._waiting:
                self._at_next_event(lambda: None)

    def _expect_loss(self, sides: list[tuple[Controller, Connection]]) -> None:
        loop = asyncio.get_running_loop()
        self._loss_timer = loop.call_later(self.supervision_s, self._lost, sides)

    def _lost(self, sides: list[tuple[Controller, Connection]]) -> None:
        self._loss_timer = None
        self._waiting.clear()
        for controller, connection in sides:
            if controller.le_connections.get(connection.peer_address) is connection:
                self.on_event(f"supervision time-out at {controller.name}")
                controller.on_le_disconnected(connection, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)

    def controller_lost(self, controller: Controller) -> None:
        """*controller* forgot its links (reset, unplugged): the other side finds out by its time-out."""
        peers = [(side, link) for side, link in self.links() if side is not controller]
        controller.le_connections.clear()
        if peers:
            self._expect_loss(peers)


class AirController(Controller):
    """Bumble's controller as Linux needs it."""

    link: Air
    le_features = Controller.le_features & ~(
        hci.LeFeatureMask.LL_PRIVACY
        | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
        | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
    )
    le_acl_data_packet_length = 251
    supported_max_tx_octets = 251
    supported_max_rx_octets = 251

    def create_le_connection(self, peer_address: hci.Address) -> None:
        """As Bumble's; the air takes the interval and the time-out that were asked for."""
        command = self.pending_le_connection
        super().create_le_connection(peer_address)
        if isinstance(command, hci.HCI_LE_Create_Connection_Command) and self.pending_le_connection is None:
            self.link.interval_s = command.connection_interval_min * 0.00125
            self.link.supervision_s = command.supervision_timeout * 0.01
            self.link.on_event(
                f"link made: interval {self.link.interval_s * 1e3:.1f} ms, "
                f"supervision time-out {self.link.supervision_s:.2f} s"
            )

    def on_hci_le_connection_update_command(self, command: hci.HCI_LE_Connection_Update_Command) -> None:
        """As Bumble's; the air takes the new values."""
        if self.find_le_connection_by_handle(command.connection_handle):
            self.link.interval_s = command.connection_interval_max * 0.00125
            self.link.supervision_s = command.supervision_timeout * 0.01
            self.link.on_event(f"link updated: supervision time-out {self.link.supervision_s:.2f} s")
        super().on_hci_le_connection_update_command(command)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Ends the pending attempt with the event that Linux waits for."""
        result = super().on_hci_le_create_connection_cancel_command(_command)
        if self.pending_le_connection is not None:
            self.pending_le_connection = None
            cancelled = hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=0,
                peer_address_type=0,
                peer_address=hci.Address("00:00:00:00:00:00/P"),
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
            asyncio.get_running_loop().call_soon(self.send_hci_packet, cancelled)
        return result

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """While the radio is silent the peer cannot agree: the running time-out ends the link."""
        if self.link.silent and self.find_le_connection_by_handle(command.connection_handle):
            self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
            return
        super().on_hci_disconnect_command(command)

    def on_ll_control_pdu(self, sender_address: hci.Address, packet: ll.ControlPdu) -> None:
        """As Bumble's; the end of a link is an event worth telling."""
        if isinstance(packet, ll.TerminateInd):
            self.link.on_event(f"link ended by the other side of {self.name} (reason {int(packet.error_code):#04x})")
        super().on_ll_control_pdu(sender_address, packet)

    def on_le_disconnected(self, connection: Connection, reason: int) -> None:
        """As Bumble's, but a link that is gone already is no error."""
        if connection.peer_address in self.le_connections:
            super().on_le_disconnected(connection, reason)

    def on_hci_reset_command(self, _command: hci.HCI_Reset_Command) -> hci.HCI_StatusReturnParameters:
        """A reset controller has no links."""
        self.link.controller_lost(self)
        self.pending_le_connection = None
        self.le_scan_enable = False
        return super().on_hci_reset_command(_command)
