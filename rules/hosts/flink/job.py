"""The job: readings from Kafka, both stages of the rules, findings to Kafka.

    python -m rules.hosts.flink.job --bootstrap HOST:PORT --definitions FILE [--jobmanager HOST:PORT] ...

Output is written at least once: a finding that is written again after a recovery has the same id, phase and time.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from pyflink.common import Configuration, Duration, Row, Types, WatermarkStrategy
from pyflink.common.serialization import ByteArraySchema, RowFieldExtractorSchema
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.connectors.base import DeliveryGuarantee
from pyflink.datastream.connectors.kafka import (
    KafkaOffsetsInitializer,
    KafkaRecordSerializationSchema,
    KafkaSink,
    KafkaSource,
)

from rules.hosts.flink.functions import FINDING, GROUP_EVENT, DeviceFunction, GroupFunction
from rules.hosts.keyed.events import SEPARATOR

MAX_PARALLELISM: Final = 512
"""Slots that the job can ever have: the state of the keys is divided into so many parts, for good."""
BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())


def arguments(written: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="rules.hosts.flink.job", description=__doc__)
    parser.add_argument("--bootstrap", required=True, help="Kafka's address, HOST:PORT")
    parser.add_argument("--definitions", required=True, help="file of kinds and rulebooks, readable by every worker")
    parser.add_argument("--readings", default="fengshao.readings", help="topic to read")
    parser.add_argument("--findings", default="fengshao.findings", help="topic to write")
    parser.add_argument("--group", default="fengshao-rules", help="consumer group")
    parser.add_argument("--parallelism", type=int, default=2)
    parser.add_argument("--out-of-order-ms", type=int, default=1_000, help="how far workers' clocks may differ")
    parser.add_argument("--checkpoint-ms", type=int, default=10_000)
    parser.add_argument("--option", action="append", default=[], help="KEY=VALUE of Flink's configuration")
    return parser.parse_args(written)


def build(env: StreamExecutionEnvironment, args: argparse.Namespace) -> None:
    """Adds source, stages and sink to the environment."""
    source = (
        KafkaSource.builder()
        .set_bootstrap_servers(args.bootstrap)
        .set_topics(args.readings)
        .set_group_id(args.group)
        .set_starting_offsets(KafkaOffsetsInitializer.earliest())
        .set_value_only_deserializer(ByteArraySchema())
        .build()
    )
    watermarks = WatermarkStrategy.for_bounded_out_of_orderness(Duration.of_millis(args.out_of_order_ms))
    records = env.from_source(source, watermarks, "readings", type_info=BYTES)
    # A savepoint finds its operators by these names, also after a change of this job.
    records.uid("readings")
    devices = records.key_by(lambda record: key_of(record), key_type=Types.STRING()).process(
        DeviceFunction(args.definitions), output_type=BYTES
    )
    devices.uid("devices")
    groups = (
        devices.filter(lambda element: element[:1] == GROUP_EVENT)
        .key_by(lambda element: key_of(element[1:]), key_type=Types.STRING())
        .process(GroupFunction(args.definitions), output_type=BYTES)
    )
    groups.uid("groups")
    for name, stage in (("devices", devices), ("groups", groups)):
        findings = stage.filter(lambda element: element[:1] == FINDING).map(_keyed_row, Types.ROW([BYTES, BYTES]))
        findings.sink_to(_sink(args)).name(f"findings of {name}").uid(f"findings-of-{name}")


def key_of(record: bytes) -> str:
    """The key of a record."""
    return bytes(record).split(SEPARATOR, 1)[0].decode()


def _keyed_row(element: bytes) -> Row:
    key, finding = bytes(element[1:]).split(SEPARATOR, 1)
    return Row(key, finding)


def _sink(args: argparse.Namespace) -> KafkaSink:
    serializer = (
        KafkaRecordSerializationSchema.builder()
        .set_topic(args.findings)
        .set_key_serialization_schema(RowFieldExtractorSchema(0))
        .set_value_serialization_schema(RowFieldExtractorSchema(1))
        .build()
    )
    return (
        KafkaSink.builder()
        .set_bootstrap_servers(args.bootstrap)
        .set_record_serializer(serializer)
        .set_delivery_guarantee(DeliveryGuarantee.AT_LEAST_ONCE)
        .build()
    )


def configuration(args: argparse.Namespace) -> Configuration:
    """Python in the threads of the task managers; small bundles, so that a finding does not wait for others."""
    config = Configuration()
    config.set_string("python.execution-mode", "thread")
    config.set_string("execution.checkpointing.interval", f"{args.checkpoint_ms}ms")
    config.set_string("pipeline.auto-watermark-interval", "200ms")
    config.set_string("pipeline.max-parallelism", str(MAX_PARALLELISM))
    for option in args.option:
        name, _, value = option.partition("=")
        config.set_string(name, value)
    return config


def main(written: Sequence[str] | None = None) -> None:
    """Submits the job; returns when it is accepted."""
    args = arguments(written)
    env = StreamExecutionEnvironment.get_execution_environment(configuration(args))
    env.set_parallelism(args.parallelism)
    build(env, args)
    job = env.execute_async("fengshao rules")
    print(job.get_job_id())


if __name__ == "__main__":
    main()
