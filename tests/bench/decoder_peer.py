"""Runs inside a peer's own environment: decodes packets with that peer and says so in the vectors' field names.

    python decoder_peer.py pyftms|bluetooth-sig|ours < request.json > answer.json

Stands alone: nothing of this project is imported, but for ``ours``, which measures our codec under the same Python.
The peers' own entry points are called, as their clients call them.
Request: {"packets": [{"kind", "hex"}], "timed": [hex of 2acd], "rounds": n}.
Answer: {"decoded": [{"values"} or {"error"}], "ns_per_packet", "speeds", "inclines"}.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable

NO_DECODER = "no decoder"
Decode = Callable[[bytes], dict]


def pyftms_decoders() -> dict[str, Decode]:
    """pyftms: models and serializers as its client uses them."""
    from pyftms.client.properties.features import MachineFeatures, MachineSettings
    from pyftms.models import (
        ControlIndicateModel,
        ControlModel,
        MachineStatusModel,
        StopPauseCode,
        TrainingStatusModel,
        TreadmillData,
    )
    from pyftms.serializer import NumSerializer, get_serializer

    names = {
        "speed_instant": "speed_kmh",
        "speed_average": "average_speed_kmh",
        "distance_total": "distance_m",
        "inclination": "incline_pct",
        "ramp_angle": "ramp_angle_deg",
        "elevation_gain_positive": "elevation_gain_pos_m",
        "elevation_gain_negative": "elevation_gain_neg_m",
        "pace_instant": "pace_km_per_min",
        "pace_average": "average_pace_km_per_min",
        "energy_total": "energy_kcal",
        "energy_per_hour": "energy_per_hour_kcal",
        "energy_per_minute": "energy_per_minute_kcal",
        "heart_rate": "heart_rate_bpm",
        "metabolic_equivalent": "met",
        "time_elapsed": "elapsed_s",
        "time_remaining": "remaining_s",
        "force_on_belt": "force_n",
        "power_output": "power_w",
        "step_count": "vendor_bit13_u24",
        "target_speed": "speed_kmh",
        "target_inclination": "incline_pct",
        "target_resistance": "resistance_level",
        "target_power": "power_w",
        "target_heart_rate": "heart_rate_bpm",
        "target_distance": "distance_m",
    }
    data = get_serializer(TreadmillData)
    training = get_serializer(TrainingStatusModel)

    def named(values: dict) -> dict:
        shown = {names[name]: value for name, value in values.items() if name in names}
        if "stop_pause" in values:
            shown["control_information"] = StopPauseCode(values["stop_pause"]).name.lower()
        return shown

    def features(octets: bytes) -> dict:
        assert len(octets) == 8  # as its client does
        stream, u4 = io.BytesIO(octets), NumSerializer("u4")
        machine, settings = MachineFeatures(u4.deserialize(stream)), MachineSettings(u4.deserialize(stream))
        return {"features_raw": int(machine), "targets_raw": int(settings)}

    def span(octets: bytes, form: str, keys: tuple[str, ...]) -> dict:
        stream, number = io.BytesIO(octets), NumSerializer(form)
        values = [number.deserialize(stream) or 0 for _ in keys]
        assert not stream.read(1)  # as its client does
        return dict(zip(keys, values, strict=True))

    def sequence(packets: bytes) -> dict:
        merged: dict = {}
        for packet in packets.split(b","):
            merged |= data.deserialize(bytes.fromhex(packet.decode()))._asdict()
        return named(merged)

    def status(octets: bytes) -> dict:
        model = MachineStatusModel._deserialize(io.BytesIO(octets))
        return {"op": None if model.code is None else int(model.code), **named(model._asdict())}

    def write(octets: bytes) -> dict:
        model = ControlModel._deserialize(io.BytesIO(octets))
        return {"op": int(model.code), **named(model._asdict())}

    def answer(octets: bytes) -> dict:
        stream = io.BytesIO(octets)
        model = ControlIndicateModel._deserialize(stream)
        return {"request_op": int(model.request_code), "result": int(model.result_code)}

    return {
        "2acc": features,
        "2acd": lambda octets: named(data.deserialize(octets)._asdict()),
        "2acd_sequence": sequence,
        "2ad3": lambda octets: {"status": int(training.deserialize(octets).code)},
        "2ad4": lambda octets: span(octets, "u2.01", ("min_kmh", "max_kmh", "increment_kmh")),
        "2ad5": lambda octets: span(octets, "s2.1", ("min_pct", "max_pct", "increment_pct")),
        "2ad9 write": write,
        "2ad9 indication": answer,
        "2ada": status,
    }


def bluetooth_sig_decoders() -> dict[str, Decode]:
    """bluetooth-sig: the characteristic classes, which merge no fragments and leave parameters as bytes."""
    from bluetooth_sig.gatt.characteristics.fitness_machine_control_point import (
        FitnessMachineControlPointCharacteristic,
    )
    from bluetooth_sig.gatt.characteristics.fitness_machine_feature import FitnessMachineFeatureCharacteristic
    from bluetooth_sig.gatt.characteristics.fitness_machine_status import FitnessMachineStatusCharacteristic
    from bluetooth_sig.gatt.characteristics.supported_inclination_range import (
        SupportedInclinationRangeCharacteristic,
    )
    from bluetooth_sig.gatt.characteristics.supported_speed_range import SupportedSpeedRangeCharacteristic
    from bluetooth_sig.gatt.characteristics.training_status import TrainingStatusCharacteristic
    from bluetooth_sig.gatt.characteristics.treadmill_data import TreadmillDataCharacteristic

    names = {
        "instantaneous_speed": "speed_kmh",
        "average_speed": "average_speed_kmh",
        "total_distance": "distance_m",
        "inclination": "incline_pct",
        "ramp_angle_setting": "ramp_angle_deg",
        "positive_elevation_gain": "elevation_gain_pos_m",
        "negative_elevation_gain": "elevation_gain_neg_m",
        "instantaneous_pace": "pace_s_per_500m",
        "average_pace": "average_pace_s_per_500m",
        "total_energy": "energy_kcal",
        "energy_per_hour": "energy_per_hour_kcal",
        "energy_per_minute": "energy_per_minute_kcal",
        "heart_rate": "heart_rate_bpm",
        "metabolic_equivalent": "met",
        "elapsed_time": "elapsed_s",
        "remaining_time": "remaining_s",
        "force_on_belt": "force_n",
        "power_output": "power_w",
    }
    feature, data = FitnessMachineFeatureCharacteristic(), TreadmillDataCharacteristic()
    training, speeds = TrainingStatusCharacteristic(), SupportedSpeedRangeCharacteristic()
    inclines, point = SupportedInclinationRangeCharacteristic(), FitnessMachineControlPointCharacteristic()
    machine = FitnessMachineStatusCharacteristic()

    def features(octets: bytes) -> dict:
        value = feature.parse_value(octets)
        return {
            "features_raw": int(value.fitness_machine_features),
            "targets_raw": int(value.target_setting_features),
        }

    def treadmill(octets: bytes) -> dict:
        value = data.parse_value(octets)
        return {shown: getattr(value, name) for name, shown in names.items() if getattr(value, name) is not None}

    def status(octets: bytes) -> dict:
        value = training.parse_value(octets)
        shown = {"status": int(value.training_status)}
        return shown if value.training_status_string is None else {**shown, "string": value.training_status_string}

    def span(value: object, unit: str) -> dict:
        return {
            f"min_{unit}": value.minimum,
            f"max_{unit}": value.maximum,
            f"increment_{unit}": value.minimum_increment,
        }

    def answer(octets: bytes) -> dict:
        value = point.parse_value(octets)
        return {"request_op": int(value.response_op_code), "result": int(value.result_code)}

    return {
        "2acc": features,
        "2acd": treadmill,
        "2ad3": status,
        "2ad4": lambda octets: span(speeds.parse_value(octets), "kmh"),
        "2ad5": lambda octets: span(inclines.parse_value(octets), "pct"),
        "2ad9 write": lambda octets: {"op": int(point.parse_value(octets).op_code)},
        "2ad9 indication": answer,
        "2ada": lambda octets: {"op": int(machine.parse_value(octets).op_code)},
    }


def ours_decoders() -> dict[str, Decode]:
    """Our codec, for its time alone."""
    from hardware.belt.ftms.codec import decode_treadmill_data

    return {"2acd": decode_treadmill_data}


def timed_decode(peer: str) -> Callable[[bytes], object]:
    """What each calls for one notification, without our naming of fields."""
    if peer == "pyftms":
        from pyftms.models import TreadmillData
        from pyftms.serializer import get_serializer

        return get_serializer(TreadmillData).deserialize
    if peer == "bluetooth-sig":
        from bluetooth_sig.gatt.characteristics.treadmill_data import TreadmillDataCharacteristic

        return TreadmillDataCharacteristic().parse_value
    from hardware.belt.ftms.codec import decode_treadmill_data

    return decode_treadmill_data


def encoded(peer: str) -> dict:
    """Every tenth of km/h to 25 and of a percent to +-15, as the peer puts them on the wire; None where it cannot."""
    if peer != "pyftms":
        return {}
    from pyftms.models import ControlCode, ControlModel

    def write(**values: object) -> str:
        stream = io.BytesIO()
        ControlModel(**values)._serialize(stream)
        return stream.getvalue().hex()

    return {
        "speeds": [write(code=ControlCode.SPEED, target_speed=tenth / 10) for tenth in range(1, 251)],
        "inclines": [write(code=ControlCode.INCLINE, target_inclination=tenth / 10) for tenth in range(-150, 151)],
    }


def _values(decode: Decode, kind: str, text: str) -> dict:
    try:
        return {"values": decode(text.encode() if kind == "2acd_sequence" else bytes.fromhex(text))}
    except Exception as error:  # whatever a peer raises is a result of this bench
        return {"error": f"{type(error).__name__}: {error}".strip(": ")}


def main() -> None:
    """Answer one request."""
    peer = sys.argv[1]
    request = json.load(sys.stdin)
    decoders = {"pyftms": pyftms_decoders, "bluetooth-sig": bluetooth_sig_decoders, "ours": ours_decoders}[peer]()
    decoded = [
        _values(decoders[packet["kind"]], packet["kind"], packet["hex"])
        if packet["kind"] in decoders
        else {"error": NO_DECODER}
        for packet in request["packets"]
    ]
    decode, timed = timed_decode(peer), [bytes.fromhex(text) for text in request["timed"]]
    best = float("inf")
    for _ in range(5 if timed else 0):
        begin = time.perf_counter_ns()
        for _ in range(request["rounds"]):
            for octets in timed:
                decode(octets)
        best = min(best, (time.perf_counter_ns() - begin) / request["rounds"] / len(timed))
    json.dump({"decoded": decoded, "ns_per_packet": best if timed else None, **encoded(peer)}, sys.stdout)


if __name__ == "__main__":
    main()
