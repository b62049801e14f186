"""Changes of the connection while a checkpoint is being encoded, and outages that overlap."""

from __future__ import annotations

import asyncio

from tests.app.pipeline.conftest import START, PipelineOnFiles


async def test_a_connection_lost_while_a_checkpoint_is_encoded_and_back_before_the_next_entry_is_no_outage_for_ever(
    files: PipelineOnFiles,
) -> None:
    """The loss waited for the checkpoint and the return did not: no missing device was reported again."""
    pipeline, outages = files.pipeline, files.engine.state.outages
    pipeline._checkpointer.encoding = True
    pipeline.set_disconnected(START + 1)
    pipeline._checkpointer.encoding = False
    pipeline.set_connected(START + 2)
    await pipeline._changes.apply_all()

    assert outages.open_since is None
    assert outages.closed == [(START + 1, START + 2)]


async def test_a_connection_that_is_back_while_an_earlier_change_is_applied_waits_for_the_changes_before_it(
    files: PipelineOnFiles,
) -> None:
    pipeline, outages = files.pipeline, files.engine.state.outages
    pipeline._changes.add(lambda: asyncio.sleep(0))  # a change of rules that takes a while
    pipeline.set_disconnected(START + 1)
    applying = asyncio.create_task(pipeline._changes.apply_all())
    await asyncio.sleep(0)
    pipeline.set_connected(START + 2)
    await applying
    await pipeline._changes.apply_all()

    assert outages.open_since is None


async def test_a_journal_that_writes_again_does_not_end_the_outage_of_a_lost_connection(files: PipelineOnFiles) -> None:
    """Messages received before the loss were written during it: then every device was reported missing."""
    pipeline, outages = files.pipeline, files.engine.state.outages
    pipeline.set_disconnected(START + 10)
    pipeline.add_outage(START + 5, START + 20)
    assert outages.open_since == START + 10

    pipeline.set_connected(START + 30)
    assert outages.open_since is None
    assert outages.closed == [(START + 5, START + 30)]
