"""Interfaces of the service for citizens' reports and photos of alerts; a part of console.dependencies."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.cases.report_desk import ReportDesk
from console.photos.process import PhotoChecker
from store.blobs import BlobStore


@dataclass(frozen=True)
class ReportDependencies:
    """The report desk, the files of photos, and the worker that checks them."""

    desk: ReportDesk
    blobs: BlobStore
    photos: PhotoChecker
    is_open: bool
    """Whether the public page takes reports."""
    nearest_m: int
    """How far a position may be from a registered place to mean that place."""
    public_url: str
    """Where residents reach the pages; empty: at the address of the request."""
